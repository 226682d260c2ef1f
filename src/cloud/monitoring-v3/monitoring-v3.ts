/**
 * Cloud Monitoring v3, as far as reading the requests of services needs it: `projects.timeSeries.list` of Cloud Run's
 * `request_count` and `request_latencies`. Begin with `registerMonitoringV3`; a query is read (`read-query.ts`), then
 * answered (`list-series.ts`) from what the router counted.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { resourceOfRoute } from "../../core/identity/resource-name.ts";
import { ok, type Result } from "../../core/values/result.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";
import { googleError, notHere, type Refusal } from "./google-error.ts";
import { listSeries } from "./list-series.ts";
import { readQuery } from "./read-query.ts";
import type { CountedRevision } from "./series.ts";

const READ = "monitoring.timeSeries.list";
const SERIES = "/v3/projects/:project/timeSeries";

export interface MonitoringOptions {
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly authority: Authority;
  /** What was counted, of all projects. */
  readonly requests: () => readonly CountedRevision[];
}

/** Adds the one call, and an answer for all others of the API that says that they are not there. */
export function registerMonitoringV3(app: FastifyInstance, { requests, ...gate }: MonitoringOptions): void {
  app.get(SERIES, async (request, reply) => {
    const admitted = await admit(request, gate);
    const query = admitted.ok ? readQuery(request.query) : admitted;
    if (!query.ok) return refuse(reply, query.error);
    const { project } = request.params as { readonly project: string };
    return reply.send(listSeries(project, query.value, requests()));
  });
  const others = async (request: FastifyRequest, reply: FastifyReply) => {
    const admitted = await admit(request, gate);
    const { "*": rest } = request.params as { readonly "*": string };
    return refuse(reply, admitted.ok ? notHere(`${request.method} ${rest}`) : admitted.error);
  };
  app.all("/v3/projects/:project/*", others);
}

/** Whoever may read the project's time series also hears what is not there. */
async function admit(
  request: FastifyRequest,
  { callerOf, authority }: Omit<MonitoringOptions, "requests">,
): Promise<Result<Caller, Refusal>> {
  const params = request.params as Readonly<Record<string, string>>;
  const needs = [right(READ, resourceOfRoute(request.routeOptions.url ?? "", params))] as const;
  const judged = await authority.authorize({ caller: await callerOf(request), needs, requestId: request.id });
  return judged.ok ? ok(judged.value) : judged;
}

function refuse(reply: FastifyReply, error: Refusal): FastifyReply {
  const { httpStatus, body } = googleError(error);
  return reply.code(httpStatus).send(body);
}
