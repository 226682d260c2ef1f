import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Caller } from "../../ports/identities.ts";

export interface ServiceUsageOptions {
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
}

/** What `gcloud` asks before its first call of an API: whether the project has it switched on. Here all are. */
export function registerServiceUsageV1(app: FastifyInstance, { callerOf }: ServiceUsageOptions): void {
  app.get("/v1/projects/:project/services/:service", async (request, reply) => {
    const { project, service } = request.params as { project: string; service: string };
    const caller = await callerOf(request);
    const isTheirs = caller !== undefined && (caller.kind === "person" || caller.project === project);
    if (isTheirs)
      return { name: `projects/${project}/services/${service}`, parent: `projects/${project}`, state: "ENABLED" };
    const [code, status] =
      caller === undefined ? ([401, "UNAUTHENTICATED"] as const) : ([403, "PERMISSION_DENIED"] as const);
    const message =
      caller === undefined
        ? "Request had invalid authentication credentials."
        : `Permission denied on project ${project}.`;
    return reply.code(code).send({ error: { code, message, status } });
  });
}
