import type { FastifyReply, FastifyRequest } from "fastify";
import { type ActorId, actorId } from "../../core/values/ids.ts";
import type { Caller } from "../../ports/identities.ts";
import { sendError } from "./google-error.ts";

/** Who calls; undefined without a valid token. */
export type CallerOf = (request: FastifyRequest) => Promise<Caller | undefined> | Caller | undefined;

/** Things of one page when the caller names no size, and at most. */
const PAGE = { usual: 50, most: 1_000 } as const;

/** The caller, where the request's project is its own; otherwise the refusal is sent, and nobody is given. */
export async function admit(
  callerOf: CallerOf,
  things: "builds" | "triggers",
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<Caller | undefined> {
  const caller = await callerOf(request);
  if (caller === undefined) {
    sendError(reply, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    return undefined;
  }
  const { project } = placeIn(request);
  if (caller.kind === "person" || caller.project === project) return caller;
  sendError(reply, "PERMISSION_DENIED", `${caller.email} has no access to ${things} of project ${project}.`);
  return undefined;
}

/** A body's JSON; undefined where it is none. */
export function jsonOr(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

/** The Node client sends a regional call to the global path with `?parent=` or `?name=` when it is given both. */
export function placeIn(request: FastifyRequest): { readonly project: string; readonly location: string } {
  const params = request.params as Readonly<Record<string, string | undefined>>;
  const named = queryText(request, "parent") ?? queryText(request, "name") ?? "";
  const location = params.location ?? /^projects\/[^/]+\/locations\/([^/]+)/.exec(named)?.[1] ?? "global";
  return { project: params.project ?? "", location };
}

/** A parameter of the query that was given once. */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}

/** What a page asks for; undefined where its token is none of ours. */
export function pageAsked(request: FastifyRequest): { readonly skip: number; readonly size: number } | undefined {
  const size = Math.min(Number(queryText(request, "pageSize") ?? 0) || PAGE.usual, PAGE.most);
  const token = queryText(request, "pageToken") ?? "";
  const skip = token === "" ? 0 : Number(token);
  return Number.isInteger(skip) && skip >= 0 ? { skip, size } : undefined;
}

/** The page of a list that the caller asks for. */
export function pageOf<T>(
  request: FastifyRequest,
  all: readonly T[],
): { readonly items: readonly T[]; readonly nextPageToken?: string } | undefined {
  const asked = pageAsked(request);
  if (asked === undefined) return undefined;
  const end = asked.skip + asked.size;
  return { items: all.slice(asked.skip, end), ...(all.length > end ? { nextPageToken: String(end) } : {}) };
}

/** A build may run as an account of its own project only: no identity of one environment acts on another. */
export function actAsDenied(account: string | undefined, project: string, caller: Caller): string | undefined {
  if (account === undefined || account === "") return undefined;
  const owner = /^projects\/([^/]+)\/serviceAccounts\//.exec(account)?.[1];
  if (owner === project || owner === "-") return undefined;
  const who = caller.kind === "person" ? caller.name : caller.email;
  return `${who} does not have iam.serviceaccounts.actAs on ${account} for builds of project ${project}.`;
}

/** Whose word it is, for the event log. */
export function actorOf(caller: Caller): ActorId {
  if (caller.kind === "person") return actorId("person", caller.name);
  return caller.kind === "step" ? actorId("build", caller.build) : actorId("person", caller.email);
}
