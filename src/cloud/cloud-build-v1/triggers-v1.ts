/**
 * Triggers of Cloud Build's REST API v1, global and regional. Calls without a token stand in `webhooks-v1.ts`. Begin with
 * `registerTriggersV1`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readRepoSource, readTrigger, type Trigger, type TriggerSettings } from "../../core/trigger/trigger.ts";
import { applyMask } from "../../core/trigger/update-mask.ts";
import { assertNever } from "../../core/values/assert.ts";
import type { TriggerEngine } from "../../engine/triggers/trigger-engine.ts";
import type { TriggerRefusal } from "../../engine/triggers/trigger-run.ts";
import type { TriggerPlace } from "../../engine/triggers/trigger-store.ts";
import type { Caller } from "../../ports/identities.ts";
import {
  type AccountsOf,
  actorOf,
  admit,
  type BuildPermission,
  type Gate,
  jsonOr,
  pageOf,
  placeIn,
  queryText,
} from "./api-call.ts";
import { operationJson } from "./build-json.ts";
import { sendError } from "./google-error.ts";
import { triggerJson } from "./trigger-json.ts";

export interface TriggersDependencies extends Gate {
  readonly triggers: TriggerEngine;
  readonly serverUrl: () => string;
}

interface Call {
  readonly place: TriggerPlace;
  readonly name: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: Caller;
}

type Action = (call: Call) => Promise<FastifyReply>;

/** Adds the routes. */
export function registerTriggersV1(app: FastifyInstance, deps: TriggersDependencies): void {
  app.register(async (scope) => {
    // The Node client says that a DELETE holds JSON, and sends none.
    scope.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) =>
      done(null, String(text) === "" ? {} : jsonOr(String(text))),
    );
    for (const path of ["/v1/projects/:project/triggers", "/v1/projects/:project/locations/:location/triggers"]) {
      const one = `${path}/:trigger(^[^:/]+)`;
      const get = onTrigger(deps, (trigger, { reply }) => reply.send(triggerJson(trigger)));
      scope.post(path, guarded(deps, "cloudbuild.builds.create", create(deps), accountsAsked));
      scope.get(path, guarded(deps, "cloudbuild.builds.list", list(deps)));
      scope.get(one, guarded(deps, "cloudbuild.builds.get", get));
      scope.patch(one, guarded(deps, "cloudbuild.builds.update", onTrigger(deps, change(deps)), accountsAfter(deps)));
      scope.delete(one, guarded(deps, "cloudbuild.builds.update", onTrigger(deps, remove(deps))));
      scope.post(
        `${one}::run`,
        guarded(deps, "cloudbuild.builds.create", onTrigger(deps, run(deps)), accountsOfTrigger(deps)),
      );
      scope.get(`${one}/deliveries`, guarded(deps, "cloudbuild.builds.get", onTrigger(deps, deliveries(deps))));
    }
  });
}

/** Runs the action for a caller who has the right, and may act as every account that the trigger's builds run as. */
function guarded(deps: TriggersDependencies, permission: BuildPermission, action: Action, accountsOf?: AccountsOf) {
  const needed = { permission, ...(accountsOf === undefined ? {} : { accountsOf }) };
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const caller = await admit(deps, needed, { request, reply });
    if (caller === undefined) return reply;
    const { trigger = "" } = request.params as { trigger?: string };
    return action({ place: placeIn(request), name: trigger, request, reply, caller });
  };
}

function accountsAsked({ body }: FastifyRequest): readonly string[] {
  const { settings, misfits } = readTrigger(body ?? {});
  return misfits.length > 0 ? [""] : accountsIn(settings);
}

/** What is asked for, and what stays: a mask may leave the account as it is and change what it runs. */
function accountsAfter(deps: TriggersDependencies): AccountsOf {
  return async (request) => {
    const { settings } = readTrigger(request.body ?? {});
    const mask = maskOf(request);
    const trigger = await found(deps, request);
    const changed = trigger === undefined ? undefined : applyMask(trigger.settings, settings, mask);
    return changed?.ok === true ? accountsIn(changed.value) : [];
  };
}

function accountsOfTrigger(deps: TriggersDependencies): AccountsOf {
  return async (request) => {
    const trigger = await found(deps, request);
    return trigger === undefined ? [] : accountsIn(trigger.settings);
  };
}

/** A build's own account comes before its trigger's; both have to be allowed, as either may come to count. */
function accountsIn({ serviceAccount, build }: TriggerSettings): readonly string[] {
  const named = [serviceAccount, build?.serviceAccount].filter((account) => account !== undefined);
  return named.length === 0 ? [""] : named;
}

function maskOf(request: FastifyRequest): readonly string[] {
  return (queryText(request, "updateMask") ?? "").split(",").filter(Boolean);
}

function found({ triggers }: TriggersDependencies, request: FastifyRequest): Promise<Trigger | undefined> {
  const { trigger = "" } = request.params as { trigger?: string };
  return triggers.find(placeIn(request), trigger);
}

function onTrigger(
  { triggers }: TriggersDependencies,
  action: (trigger: Trigger, call: Call) => FastifyReply | Promise<FastifyReply>,
): Action {
  return async (call) => {
    const trigger = await triggers.find(call.place, call.name);
    return trigger === undefined ? notFound(call.reply, call.name) : action(trigger, call);
  };
}

function notFound(reply: FastifyReply, name: string): FastifyReply {
  return sendError(reply, "NOT_FOUND", `trigger ${name} not found`);
}

function refuse(reply: FastifyReply, { kind, message }: TriggerRefusal): FastifyReply {
  switch (kind) {
    case "exists":
      return sendError(reply, "ALREADY_EXISTS", message);
    case "too-many":
      return sendError(reply, "RESOURCE_EXHAUSTED", message);
    case "gone":
      return sendError(reply, "NOT_FOUND", message);
    case "unavailable":
      return sendError(reply, "FAILED_PRECONDITION", message);
    case "invalid":
    case "filtered":
      return sendError(reply, "INVALID_ARGUMENT", message, `generic::invalid_argument: ${message}`);
    default:
      return assertNever(kind);
  }
}

function create({ triggers }: TriggersDependencies): Action {
  return async ({ place, request, reply }) => {
    const { settings, misfits } = readTrigger(request.body ?? {});
    if (misfits.length > 0) return invalidPayload(reply, misfits);
    const denied = denial(settings, place);
    if (denied !== undefined) return sendError(reply, "PERMISSION_DENIED", denied);
    const created = await triggers.create(place, settings);
    return created.ok ? reply.send(triggerJson(created.value)) : refuse(reply, created.error);
  };
}

function list({ triggers }: TriggersDependencies): Action {
  return async ({ place, request, reply }) => {
    const page = pageOf(request, await triggers.list(place));
    if (page === undefined) return sendError(reply, "INVALID_ARGUMENT", "invalid page token");
    const { items, nextPageToken } = page;
    return reply.send({ triggers: items.map(triggerJson), ...(nextPageToken === undefined ? {} : { nextPageToken }) });
  };
}

/** With an update mask only what it names is changed; without one the trigger is what the body says. */
function change({ triggers }: TriggersDependencies) {
  return async (trigger: Trigger, { place, request, reply }: Call): Promise<FastifyReply> => {
    const { settings, misfits } = readTrigger(request.body ?? {});
    if (misfits.length > 0) return invalidPayload(reply, misfits);
    const denied = denial(settings, place);
    if (denied !== undefined) return sendError(reply, "PERMISSION_DENIED", denied);
    const changed = await triggers.change(trigger, (now) => applyMask(now, settings, maskOf(request)));
    return changed.ok ? reply.send(triggerJson(changed.value)) : refuse(reply, changed.error);
  };
}

/** A trigger acts for its own project: no other one's secrets open its address. */
function denial(settings: TriggerSettings, { project }: TriggerPlace): string | undefined {
  const secret = settings.webhookConfig?.secret ?? "";
  const isForeign = /^projects\/[^/]+\/secrets\//.test(secret) && !secret.startsWith(`projects/${project}/`);
  return isForeign ? `Permission secretmanager.versions.access denied for resource ${secret}.` : undefined;
}

function remove({ triggers }: TriggersDependencies) {
  return async (trigger: Trigger, { reply }: Call): Promise<FastifyReply> => {
    await triggers.remove(trigger);
    return reply.send({});
  };
}

/** On the global path the body is the revision itself; on a region's it stands in `source`. */
function run({ triggers, serverUrl }: TriggersDependencies) {
  return async (trigger: Trigger, { request, reply, caller }: Call): Promise<FastifyReply> => {
    const body = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    const given = "source" in body || "triggerId" in body ? (body.source ?? {}) : body;
    const { source, misfits } = readRepoSource(given);
    if (misfits.length > 0) return invalidPayload(reply, misfits);
    const denied = denial(trigger.settings, trigger);
    if (denied !== undefined) return sendError(reply, "PERMISSION_DENIED", denied);
    const started = await triggers.run({ trigger, actor: actorOf(caller), source });
    return started.ok ? reply.send(operationJson(started.value, serverUrl())) : refuse(reply, started.error);
  };
}

function deliveries({ triggers }: TriggersDependencies) {
  return async (trigger: Trigger, { reply }: Call): Promise<FastifyReply> =>
    reply.send({ deliveries: [...(await triggers.deliveries(trigger))].reverse() });
}

function invalidPayload(reply: FastifyReply, misfits: readonly string[]): FastifyReply {
  return sendError(reply, "INVALID_ARGUMENT", `Invalid JSON payload received. ${misfits.join(";")}`);
}
