import type { FastifyInstance, FastifyRequest } from "fastify";
import { resourceOfRoute } from "../../core/identity/resource-name.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";

export interface ServiceUsageOptions {
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly authority: Authority;
}

/** What `gcloud` asks before its first call of an API: whether the project has it switched on. Here all are. */
export function registerServiceUsageV1(app: FastifyInstance, { callerOf, authority }: ServiceUsageOptions): void {
  app.get("/v1/projects/:project/services/:service", async (request, reply) => {
    const { project, service } = request.params as { project: string; service: string };
    const resource = resourceOfRoute(request.routeOptions.url ?? "", { project, service });
    const needs = [right("serviceusage.services.get", resource)] as const;
    const judged = await authority.authorize({ caller: await callerOf(request), needs, requestId: request.id });
    if (judged.ok) {
      return { name: `projects/${project}/services/${service}`, parent: `projects/${project}`, state: "ENABLED" };
    }
    const { status, message, details } = judged.error;
    const code = status === "UNAUTHENTICATED" ? 401 : 403;
    return reply.code(code).send({ error: { code, message, status, ...(details.length > 0 ? { details } : {}) } });
  });
}
