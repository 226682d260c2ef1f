import type { FastifyInstance, FastifyRequest } from "fastify";
import { err } from "../../core/values/result.ts";
import type { Caller } from "../../ports/identities.ts";
import { admitted, send } from "./calls.ts";
import { refusal } from "./google-error.ts";
import { knativeService } from "./knative-json.ts";
import type { JsonObject } from "./read-json.ts";
import type { RunCloud } from "./run-cloud.ts";

const NAMESPACE = "/apis/serving.knative.dev/v1/namespaces/:project";
const EVERYWHERE = "-";

export interface RunV1Options {
  readonly run: RunCloud;
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
}

/**
 * What `gcloud run services list` and `describe` ask: the older form of the API, over the same services. The region stands
 * in the host's name, as gcloud writes it; without one, services of every region are meant. Changes are not there yet.
 */
export function registerRunV1(app: FastifyInstance, { run, callerOf }: RunV1Options): void {
  const answer = (
    url: string,
    handle: (place: { project: string; location: string; service: string }) => Promise<JsonObject | undefined>,
  ) =>
    app.get(url, async (request, reply) => {
      const call = await admitted(request, callerOf);
      if (!call.ok) return send(reply, call.error);
      const { project, params } = call.value;
      const { service = "" } = params;
      const found = await handle({ project, location: params.location ?? regionOf(request), service });
      return found === undefined
        ? send(
            reply,
            refusal("NOT_FOUND", `Resource '${service}' of kind 'SERVICE' in namespace '${project}' does not exist.`),
          )
        : reply.send(found);
    });
  const list = async (place: { project: string; location: string }) => serviceList(await run.services.list(place));
  answer(`${NAMESPACE}/services`, list);
  answer("/v1/projects/:project/locations/:location/services", list);
  answer(`${NAMESPACE}/services/:service`, async ({ project, location, service }) => {
    const all = await run.services.list({ project, location });
    return all.map(knativeService).find(({ metadata }) => (metadata as { name?: unknown }).name === service);
  });
  for (const method of ["POST", "PUT", "DELETE"] as const) {
    app.route({
      method,
      url: `${NAMESPACE}/*`,
      handler: async (request, reply) => {
        const call = await admitted(request, callerOf);
        const message = `${method} of the v1 API is not there in the embedded Cloud Run: use v2, or mobius release.`;
        return send(reply, (call.ok ? err(refusal("UNIMPLEMENTED", message)) : call).error);
      },
    });
  }
}

function serviceList(services: readonly JsonObject[]): JsonObject {
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "ServiceList",
    metadata: {},
    items: services.map(knativeService),
  };
}

/** `us-central1-run.…` → `us-central1`. */
function regionOf(request: FastifyRequest): string {
  return /^([a-z]+-[a-z]+\d+)-/.exec(request.headers.host ?? "")?.[1] ?? EVERYWHERE;
}
