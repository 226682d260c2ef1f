import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Need } from "../../core/identity/decide-access.ts";
import type { Permission } from "../../core/identity/roles.ts";
import type { NonEmpty } from "../../core/values/problem.ts";
import { err } from "../../core/values/result.ts";
import { right } from "../../ports/authority.ts";
import { type Asked, admitted, type Gate, send } from "./calls.ts";
import { refusal } from "./google-error.ts";
import { knativeService } from "./knative-json.ts";
import type { JsonObject } from "./read-json.ts";
import type { RunCloud } from "./run-cloud.ts";

const NAMESPACE = "/apis/serving.knative.dev/v1/namespaces/:project";
const EVERYWHERE = "-";

export interface RunV1Options extends Gate {
  readonly run: RunCloud;
}

/**
 * What `gcloud run services list` and `describe` ask: the older form of the API, over the same services. The region stands
 * in the host's name, as gcloud writes it; without one, services of every region are meant. Changes are not there yet.
 */
export function registerRunV1(app: FastifyInstance, { run, ...gate }: RunV1Options): void {
  const answer = (
    url: string,
    permission: Permission,
    handle: (place: { project: string; location: string; service: string }) => Promise<JsonObject | undefined>,
  ) =>
    app.get(url, async (request, reply) => {
      const call = await admitted(request, gate, (asked) => needsOf(permission, asked, regionOf(request)));
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
  answer(`${NAMESPACE}/services`, "run.services.list", list);
  answer("/v1/projects/:project/locations/:location/services", "run.services.list", list);
  answer(`${NAMESPACE}/services/:service`, "run.services.get", async ({ project, location, service }) => {
    const all = await run.services.list({ project, location });
    return all.map(knativeService).find(({ metadata }) => (metadata as { name?: unknown }).name === service);
  });
  for (const method of ["POST", "PUT", "DELETE"] as const) {
    app.route({
      method,
      url: `${NAMESPACE}/*`,
      handler: async (request, reply) => {
        const call = await admitted(request, gate, (asked) => needsOf("run.services.update", asked, regionOf(request)));
        const message = `${method} of the v1 API is not there in the embedded Cloud Run: use v2, or mobius release.`;
        return send(reply, (call.ok ? err(refusal("UNIMPLEMENTED", message)) : call).error);
      },
    });
  }
}

/** A namespace is a project: the right is asked for under the name that v2 has for it. */
function needsOf(permission: Permission, { project, params }: Asked, region: string): NonEmpty<Need> {
  const place = `projects/${project.replaceAll("/", "%2F")}/locations/${params.location ?? region}`;
  return [right(permission, params.service === undefined ? place : `${place}/services/${params.service}`)];
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
