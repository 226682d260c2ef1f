import type { FastifyReply, FastifyRequest } from "fastify";
import type { Need, Principal } from "../../core/identity/decide-access.ts";
import { resourceOfRoute } from "../../core/identity/resource-name.ts";
import type { Permission } from "../../core/identity/roles.ts";
import { googleError, type Refusal } from "../../core/values/google-error.ts";
import type { NonEmpty } from "../../core/values/problem.ts";
import { ok, type Result } from "../../core/values/result.ts";
import { principalOf } from "../../engine/access/authority.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";
import { type JsonObject, objectOf } from "./read-json.ts";

/** A request as it was matched; who may make it is not known yet. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: JsonObject;
  readonly body: JsonObject;
  readonly project: string;
  readonly location: string;
  /** Name of what the path is about; of the place for a collection. */
  readonly resource: string;
  /** As the client wrote it: the older form of the API has the region in it. */
  readonly host: string;
}

/** A request whose caller may make it. */
export interface Call extends Asked {
  /** Who calls, for `creator`. */
  readonly caller: string;
  /** Whose rights the call has. */
  readonly principal: Principal;
}

/** Who makes a request, and who decides about it. */
export interface Gate {
  /** Undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined> | Caller | undefined;
  readonly authority: Authority;
}

/** What a route needs: one right on what its path names, or more than that, worked out from the request. */
export type RouteNeeds = Permission | ((asked: Asked) => Promise<NonEmpty<Need>> | NonEmpty<Need>);

/** Admits a request whose caller has all that the route needs. */
export async function admitted(
  request: FastifyRequest,
  { callerOf, authority }: Gate,
  needs: RouteNeeds,
): Promise<Result<Call, Refusal>> {
  const params = request.params as Readonly<Record<string, string>>;
  const { project = "", location = "" } = params;
  const resource = resourceOfRoute(request.routeOptions.url ?? "", params);
  const { host = "" } = request.headers;
  const [query, body] = [objectOf(request.query), objectOf(request.body)];
  const asked = { params, query, body, project, location, resource, host };
  const judged = await authority.authorize({
    caller: await callerOf(request),
    needs: typeof needs === "string" ? [right(needs, resource)] : await needs(asked),
    requestId: request.id,
  });
  if (!judged.ok) return judged;
  const { value: caller } = judged;
  return ok({
    ...asked,
    principal: principalOf(caller),
    caller: caller.kind === "person" ? caller.name : caller.email,
  });
}

/** Whether the caller may change templates and no traffic: a module's script, whose release moves that. */
export function keepsTraffic({ principal }: Call): boolean {
  return principal.kind === "account" && principal.services !== undefined;
}

/** Answers with Google's error body. */
export function send(reply: FastifyReply, error: Refusal): FastifyReply {
  const { httpStatus, body } = googleError(error);
  return reply.status(httpStatus).send(body);
}
