import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../../ports/identities.ts";

const SERVICES = "/v1/projects/:project/services";
/** APIs that one call switches on, at most: Google's limit. */
const MAX_BATCH = 20;

export interface ServiceUsageOptions {
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
}

/** What `gcloud` asks before its first call of an API: whether the project has it switched on. Here all are. */
export function registerServiceUsageV1(app: FastifyInstance, { callerOf }: ServiceUsageOptions): void {
  const route = (
    method: "GET" | "POST",
    url: string,
    answer: (project: string, request: FastifyRequest) => unknown,
  ): unknown =>
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const { project } = request.params as { project: string };
        const caller = await callerOf(request);
        if (caller === undefined) {
          return refuse(reply, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
        }
        const isTheirs = caller.kind === "person" || caller.project === project;
        if (!isTheirs) return refuse(reply, 403, "PERMISSION_DENIED", `Permission denied on project ${project}.`);
        const found = answer(project, request);
        if (found !== undefined) return found;
        return refuse(reply, 400, "INVALID_ARGUMENT", `service_ids: must be 1 to ${MAX_BATCH} names of APIs.`);
      },
    });
  route("GET", `${SERVICES}/:service`, (project, { params }) => enabled(project, nameIn(params)));
  route("POST", `${SERVICES}/:service(^[^:/]+)::enable`, (project, { params }) =>
    done("EnableServiceResponse", { service: enabled(project, nameIn(params)) }),
  );
  route("POST", `${SERVICES}::batchEnable`, (project, { body }) => {
    const { serviceIds } = (body ?? {}) as { serviceIds?: unknown };
    const names: readonly unknown[] = Array.isArray(serviceIds) ? serviceIds : [];
    const isFine = names.length > 0 && names.length <= MAX_BATCH && names.every((name) => typeof name === "string");
    if (!isFine) return undefined;
    return done("BatchEnableServicesResponse", { services: names.map((name) => enabled(project, String(name))) });
  });
}

function enabled(project: string, service: string) {
  const name = `projects/${project}/services/${service}`;
  return { name, parent: `projects/${project}`, config: { name: service }, state: "ENABLED" };
}

/** An operation that has ended: nothing has to be switched on. */
function done(type: string, response: object) {
  const typed = { "@type": `type.googleapis.com/google.api.serviceusage.v1.${type}`, ...response };
  return { name: "operations/noop.DONE_OPERATION", done: true, response: typed };
}

function nameIn(params: unknown): string {
  return (params as { readonly service: string }).service;
}

function refuse(reply: FastifyReply, code: number, status: string, message: string): FastifyReply {
  return reply.code(code).send({ error: { code, message, status } });
}
