/**
 * Cloud Build's REST API v1 over the embedded build engine: builds and operations, global and regional paths; triggers
 * stand in `triggers-v1.ts`. Begin with `registerCloudBuildV1`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readBuild } from "../../core/build/read-build.ts";
import type { Build } from "../../core/build/state.ts";
import { assertNever } from "../../core/values/assert.ts";
import type { BuildEngine, SubmitRefusal } from "../../engine/builds/build-engine.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Caller } from "../../ports/identities.ts";
import {
  type AccountsOf,
  actorOf,
  admit,
  type BuildPermission,
  type Gate,
  pageAsked,
  placeIn,
  queryText,
} from "./api-call.ts";
import { buildIdOf, buildJson, operationJson } from "./build-json.ts";
import { sendError } from "./google-error.ts";
import { parseListFilter } from "./list-filter.ts";

/** Longest time that an operation's `:wait` holds a request, in milliseconds. */
const MAX_WAIT_MS = 60_000;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

export interface CloudBuildDependencies extends Gate {
  readonly engine: BuildEngine;
  readonly clock: Clock;
  /** Origin under which people see builds: `logUrl` is `<serverUrl>/builds/<id>`. Known once the server listens. */
  readonly serverUrl: () => string;
}

interface Place {
  readonly project: string;
  readonly location: string;
  readonly build: string;
}

type Action = (place: Place, call: Call) => Promise<FastifyReply>;

interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: Caller;
}

/** Adds the API's routes. */
export function registerCloudBuildV1(app: FastifyInstance, deps: CloudBuildDependencies): void {
  const builds = ["/v1/projects/:project/builds", "/v1/projects/:project/locations/:location/builds"];
  for (const path of builds) {
    const one = `${path}/:build(^[^:/]+)`;
    const creating = guarded(deps, "cloudbuild.builds.create", createBuild(deps), accountAsked);
    app.post(path, { bodyLimit: MAX_BODY_BYTES }, creating);
    app.get(path, guarded(deps, "cloudbuild.builds.list", listBuilds(deps)));
    app.get(one, guarded(deps, "cloudbuild.builds.get", getBuild(deps)));
    app.post(`${one}::cancel`, guarded(deps, "cloudbuild.builds.update", cancelBuild(deps)));
    app.post(`${one}::retry`, guarded(deps, "cloudbuild.builds.create", retryBuild(deps), accountOfBuild(deps)));
    app.post(`${one}::approve`, guarded(deps, "cloudbuild.builds.approve", approveBuild(deps)));
  }
  const operations = [
    "/v1/operations/build/:project/:operation(^[^:/]+)",
    "/v1/projects/:project/locations/:location/operations/:operation(^[^:/]+)",
  ];
  for (const path of operations) {
    app.get(path, guarded(deps, "cloudbuild.builds.get", getOperation(deps)));
    app.post(`${path}::cancel`, guarded(deps, "cloudbuild.builds.update", cancelOperation(deps)));
    app.post(`${path}::wait`, guarded(deps, "cloudbuild.builds.get", waitOperation(deps)));
  }
}

/** Runs the action for a caller who has the right, and may act as the account that a build would run as. */
function guarded(deps: CloudBuildDependencies, permission: BuildPermission, action: Action, accountsOf?: AccountsOf) {
  const needed = { permission, ...(accountsOf === undefined ? {} : { accountsOf }) };
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const caller = await admit(deps, needed, { request, reply });
    return caller === undefined ? reply : action(placeOf(request), { request, reply, caller });
  };
}

function accountAsked({ body }: FastifyRequest): readonly string[] {
  const asked = (body as { readonly serviceAccount?: unknown } | null | undefined)?.serviceAccount;
  return [typeof asked === "string" ? asked : ""];
}

/** A build that is not there runs as nobody: the answer is then that it is not there. */
function accountOfBuild(deps: CloudBuildDependencies): AccountsOf {
  return async (request) => {
    const found = await find(deps, placeOf(request));
    return found === undefined ? [] : [found.config.serviceAccount ?? ""];
  };
}

function placeOf(request: FastifyRequest): Place {
  const { build, operation } = request.params as { build?: string; operation?: string };
  return { ...placeIn(request), build: build ?? (operation === undefined ? "" : buildIdOf(operation)) };
}

function createBuild({ engine, serverUrl }: CloudBuildDependencies): Action {
  return async ({ project, location }, { request, reply, caller }) => {
    const { config, misfits } = readBuild(request.body ?? {}, "json");
    if (misfits.length > 0) {
      const message = misfits.map((misfit) => misfit.message).join(";");
      return sendError(reply, "INVALID_ARGUMENT", `Invalid JSON payload received. ${message}`);
    }
    const submitted = await engine.submit({ project, location, config, actor: actorOf(caller) });
    if (!submitted.ok) return refuse(reply, submitted.error);
    return reply.send(operationJson(submitted.value, serverUrl()));
  };
}

function refuse(reply: FastifyReply, { kind, message }: SubmitRefusal): FastifyReply {
  switch (kind) {
    case "invalid": {
      const text = `generic::invalid_argument: ${message}`;
      return sendError(reply, "INVALID_ARGUMENT", message, text);
    }
    case "too-many":
      return sendError(reply, "RESOURCE_EXHAUSTED", message);
    case "closing":
      return sendError(reply, "UNAVAILABLE", message);
    default:
      return assertNever(kind);
  }
}

/** The build, if it is there and in this place; a build of another project does not exist here. */
async function find({ engine }: CloudBuildDependencies, place: Place): Promise<Build | undefined> {
  const build = await engine.get(place.build);
  if (build === undefined || build.project !== place.project) return undefined;
  return place.location === "global" || build.location === place.location ? build : undefined;
}

function notFound(reply: FastifyReply, place: Place): FastifyReply {
  return sendError(reply, "NOT_FOUND", `build ${place.build} not found in project ${place.project}`);
}

function getBuild(deps: CloudBuildDependencies): Action {
  return async (place, { reply }) => {
    const build = await find(deps, place);
    return build === undefined ? notFound(reply, place) : reply.send(buildJson(build, deps.serverUrl()));
  };
}

function listBuilds({ engine, serverUrl }: CloudBuildDependencies): Action {
  return async ({ project, location }, { request, reply }) => {
    const filter = parseListFilter(queryText(request, "filter") ?? "");
    if (!filter.ok) return sendError(reply, "INVALID_ARGUMENT", filter.error);
    const asked = pageAsked(request);
    if (asked === undefined) return sendError(reply, "INVALID_ARGUMENT", "invalid page token");
    const { skip, size } = asked;
    const isRegional = location !== "global";
    const { value: isAsked } = filter;
    const query = {
      project,
      ...(isRegional ? { location } : {}),
      ...(isAsked === undefined ? {} : { matches: (build: Build) => isAsked(buildJson(build, serverUrl())) }),
      limit: skip + size + 1,
    };
    const found = await engine.list(query);
    const page = found.slice(skip, skip + size).map((build) => buildJson(build, serverUrl()));
    return reply.send({ builds: page, ...(found.length > skip + size ? { nextPageToken: String(skip + size) } : {}) });
  };
}

function cancelBuild(deps: CloudBuildDependencies): Action {
  return async (place, { reply, caller }) => {
    if ((await find(deps, place)) === undefined) return notFound(reply, place);
    const outcome = await deps.engine.cancel(place.build, actorOf(caller));
    if (outcome === "ended") return sendError(reply, "FAILED_PRECONDITION", `build ${place.build} has already ended`);
    return getBuild(deps)(place, { reply, caller, request: reply.request });
  };
}

function retryBuild(deps: CloudBuildDependencies): Action {
  return async (place, { reply, caller }) => {
    if ((await find(deps, place)) === undefined) return notFound(reply, place);
    const submitted = await deps.engine.retry(place.build, actorOf(caller));
    if (submitted === "unknown") return notFound(reply, place);
    if (!submitted.ok) return refuse(reply, submitted.error);
    return reply.send(operationJson(submitted.value, deps.serverUrl()));
  };
}

function approveBuild(deps: CloudBuildDependencies): Action {
  return async (place, { request, reply, caller }) => {
    if ((await find(deps, place)) === undefined) return notFound(reply, place);
    const given = (request.body as { approvalResult?: Readonly<Record<string, unknown>> } | null)?.approvalResult ?? {};
    const decision = given.decision === 1 ? "APPROVED" : given.decision === 2 ? "REJECTED" : given.decision;
    if (decision !== "APPROVED" && decision !== "REJECTED") {
      return sendError(reply, "INVALID_ARGUMENT", "approval_result.decision must be APPROVED or REJECTED");
    }
    const decided = await deps.engine.approve({
      id: place.build,
      decision,
      by: actorOf(caller),
      ...(typeof given.comment === "string" ? { comment: given.comment } : {}),
      ...(typeof given.url === "string" ? { url: given.url } : {}),
    });
    if (decided === "unknown") return notFound(reply, place);
    if (decided === "not-pending") {
      return sendError(reply, "FAILED_PRECONDITION", `build ${place.build} does not wait for an approval`);
    }
    return getOperation(deps)(place, { request, reply, caller });
  };
}

function getOperation(deps: CloudBuildDependencies): Action {
  return async (place, { reply }) => {
    const build = await find(deps, place);
    return build === undefined ? notFound(reply, place) : reply.send(operationJson(build, deps.serverUrl()));
  };
}

function cancelOperation(deps: CloudBuildDependencies): Action {
  return async (place, { reply, caller }) => {
    if ((await find(deps, place)) === undefined) return notFound(reply, place);
    await deps.engine.cancel(place.build, actorOf(caller));
    return reply.send({});
  };
}

function waitOperation(deps: CloudBuildDependencies): Action {
  return async (place, { request, reply }) => {
    if ((await find(deps, place)) === undefined) return notFound(reply, place);
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(
      String((request.body as { timeout?: unknown } | null)?.timeout ?? ""),
    )?.[1];
    const waitMs = Math.min(seconds === undefined ? MAX_WAIT_MS : Number(seconds) * 1_000, MAX_WAIT_MS);
    const over = new AbortController();
    const answered = new AbortController();
    void deps.clock.sleep(waitMs, answered.signal).then(() => over.abort());
    await deps.engine.ended(place.build, over.signal);
    answered.abort();
    return getOperation(deps)(place, { request, reply, caller: { kind: "person", name: "" } });
  };
}
