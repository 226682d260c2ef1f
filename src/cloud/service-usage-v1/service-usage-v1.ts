import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Denial } from "../../core/identity/denial.ts";
import { resourceOfRoute } from "../../core/identity/resource-name.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";

const ENABLE = "serviceusage.services.enable";
const SERVICES = "/v1/projects/:project/services";
/** APIs that one call switches on, at most: Google's limit. */
const MAX_BATCH = 20;

export interface ServiceUsageOptions {
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly authority: Authority;
}

/** What `gcloud` asks before its first call of an API: whether the project has it switched on. Here all are. */
export function registerServiceUsageV1(app: FastifyInstance, { callerOf, authority }: ServiceUsageOptions): void {
  const route = (
    method: "GET" | "POST",
    url: string,
    permission: "serviceusage.services.get" | "serviceusage.services.enable",
    answer: (project: string, request: FastifyRequest) => unknown,
  ): unknown =>
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const params = request.params as Readonly<Record<string, string>>;
        const { project = "" } = params;
        const needs = [right(permission, resourceOfRoute(request.routeOptions.url ?? "", params))] as const;
        const judged = await authority.authorize({ caller: await callerOf(request), needs, requestId: request.id });
        if (!judged.ok) return denied(reply, judged.error);
        const found = answer(project, request);
        if (found !== undefined) return found;
        return refuse(reply, 400, "INVALID_ARGUMENT", `service_ids: must be 1 to ${MAX_BATCH} names of APIs.`);
      },
    });
  route("GET", `${SERVICES}/:service`, "serviceusage.services.get", (project, { params }) =>
    enabled(project, nameIn(params)),
  );
  route("POST", `${SERVICES}/:service(^[^:/]+)::enable`, ENABLE, (project, { params }) =>
    done("EnableServiceResponse", { service: enabled(project, nameIn(params)) }),
  );
  route("POST", `${SERVICES}::batchEnable`, ENABLE, (project, { body }) => {
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

function denied(reply: FastifyReply, { status, message, details }: Denial): FastifyReply {
  const code = status === "UNAUTHENTICATED" ? 401 : 403;
  return reply.code(code).send({ error: { code, message, status, ...(details.length > 0 ? { details } : {}) } });
}
