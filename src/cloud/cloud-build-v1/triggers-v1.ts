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
import { actAsDenied, actorOf, admit, type CallerOf, jsonOr, pageOf, placeIn, queryText } from "./api-call.ts";
import { operationJson } from "./build-json.ts";
import { sendError } from "./google-error.ts";
import { triggerJson } from "./trigger-json.ts";

export interface TriggersDependencies {
  readonly triggers: TriggerEngine;
  readonly callerOf: CallerOf;
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
      scope.post(path, guarded(deps, create(deps)));
      scope.get(path, guarded(deps, list(deps)));
      scope.get(
        one,
        guarded(
          deps,
          onTrigger(deps, (trigger, { reply }) => reply.send(triggerJson(trigger))),
        ),
      );
      scope.patch(one, guarded(deps, onTrigger(deps, change(deps))));
      scope.delete(one, guarded(deps, onTrigger(deps, remove(deps))));
      scope.post(`${one}::run`, guarded(deps, onTrigger(deps, run(deps))));
      scope.get(`${one}/deliveries`, guarded(deps, onTrigger(deps, deliveries(deps))));
    }
  });
}

function guarded(deps: TriggersDependencies, action: Action) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const caller = await admit(deps.callerOf, "triggers", { request, reply });
    if (caller === undefined) return reply;
    const { trigger = "" } = request.params as { trigger?: string };
    return action({ place: placeIn(request), name: trigger, request, reply, caller });
  };
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
  return async ({ place, request, reply, caller }) => {
    const { settings, misfits } = readTrigger(request.body ?? {});
    if (misfits.length > 0) return invalidPayload(reply, misfits);
    const denied = denial(settings, place, caller);
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
  return async (trigger: Trigger, { place, request, reply, caller }: Call): Promise<FastifyReply> => {
    const { settings, misfits } = readTrigger(request.body ?? {});
    if (misfits.length > 0) return invalidPayload(reply, misfits);
    const denied = denial(settings, place, caller);
    if (denied !== undefined) return sendError(reply, "PERMISSION_DENIED", denied);
    const mask = (queryText(request, "updateMask") ?? "").split(",").filter(Boolean);
    const changed = await triggers.change(trigger, (now) => applyMask(now, settings, mask));
    return changed.ok ? reply.send(triggerJson(changed.value)) : refuse(reply, changed.error);
  };
}

/** A trigger acts for its own project: neither another one's accounts run its builds, nor its secrets open its address. */
function denial(settings: TriggerSettings, { project }: TriggerPlace, caller: Caller): string | undefined {
  for (const account of [settings.serviceAccount, settings.build?.serviceAccount]) {
    const denied = actAsDenied(account, project, caller);
    if (denied !== undefined) return denied;
  }
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
    const denied = denial(trigger.settings, trigger, caller);
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
