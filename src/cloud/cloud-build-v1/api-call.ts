import type { FastifyReply, FastifyRequest } from "fastify";
import type { Need } from "../../core/identity/decide-access.ts";
import { resourceOfRoute } from "../../core/identity/resource-name.ts";
import type { Permission } from "../../core/identity/roles.ts";
import { type ActorId, actorId } from "../../core/values/ids.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Caller } from "../../ports/identities.ts";
import { sendRefusal } from "./google-error.ts";

/** Who calls; undefined without a valid token. */
export type CallerOf = (request: FastifyRequest) => Promise<Caller | undefined> | Caller | undefined;

/** Things of one page when the caller names no size, and at most. */
const PAGE = { usual: 50, most: 1_000 } as const;

/** Who makes requests, and who decides about them. */
export interface Gate {
  readonly callerOf: CallerOf;
  readonly authority: Authority;
}

/** Rights of Cloud Build. Those on triggers are the same as those on builds, as on Google. */
export type BuildPermission = Extract<Permission, `cloudbuild.${string}`>;

/** Accounts as which a call would let a build run; an empty one is the project's own choice. */
export type AccountsOf = (request: FastifyRequest) => Promise<readonly string[]> | readonly string[];

/** The caller, where it has the right and may act as the accounts; otherwise the refusal is sent, and nobody is given. */
export async function admit(
  { callerOf, authority }: Gate,
  { permission, accountsOf }: { readonly permission: BuildPermission; readonly accountsOf?: AccountsOf },
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<Caller | undefined> {
  const { project } = placeIn(request);
  const accounts = (await accountsOf?.(request)) ?? [];
  const judged = await authority.authorize({
    caller: await callerOf(request),
    needs: [
      right(permission, resourceIn(request)),
      ...accounts.map((account): Need => ({ kind: "act-as", account, by: "build", project })),
    ],
    requestId: request.id,
  });
  if (judged.ok) return judged.value;
  sendRefusal(reply, judged.error);
  return undefined;
}

/** Operations of the global place have a path of their own, of which only the project says something. */
function resourceIn(request: FastifyRequest): string {
  const url = request.routeOptions.url ?? "";
  const params = request.params as Readonly<Record<string, string>>;
  return resourceOfRoute(url.startsWith("/v1/operations/") ? "/v1/projects/:project" : url, params);
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

/** Whose word it is, for the event log. */
export function actorOf(caller: Caller): ActorId {
  if (caller.kind === "person") return actorId("person", caller.name);
  return caller.kind === "step" ? actorId("build", caller.build) : actorId("person", caller.email);
}
