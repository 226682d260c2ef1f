/**
 * Triggers of Cloud Build's REST API v1, global and regional. A webhook is the one call without a token: the secret in its
 * query is compared with the version that the trigger names. Begin with `registerTriggersV1`.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type RepoSource, readRepoSource, readTrigger, type Trigger } from "../../core/trigger/trigger.ts";
import { actorId } from "../../core/values/ids.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { TriggerEngine, TriggerRefusal } from "../../engine/triggers/trigger-engine.ts";
import type { TriggerPlace } from "../../engine/triggers/trigger-store.ts";
import type { Caller } from "../../ports/identities.ts";
import { actAsDenied, actorOf, pageOf, placeIn, queryText } from "./api-call.ts";
import { operationJson } from "./build-json.ts";
import { sendError } from "./google-error.ts";
import { triggerJson } from "./trigger-json.ts";

export interface TriggersDependencies {
  readonly triggers: TriggerEngine;
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined> | Caller | undefined;
  /** A secret by its full version name; undefined where there is none. */
  readonly accessSecret: (versionName: string) => Promise<Secret | undefined>;
  readonly serverUrl: () => string;
}

/** What senders put their delivery's name into; equal ones are one delivery. */
const DELIVERY_HEADERS = ["x-github-delivery", "x-gitlab-event-uuid", "x-request-uuid", "idempotency-key"];
const MAX_PAYLOAD_BYTES = 1024 * 1024;
const MAX_DELIVERY_LENGTH = 200;

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
      done(null, String(text) === "" ? {} : jsonOr(text)),
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
  app.register(async (webhooks) => {
    // Whatever comes: JSON is read where it is some, anything else counts as no payload.
    webhooks.removeAllContentTypeParsers();
    webhooks.addContentTypeParser("*", { parseAs: "string", bodyLimit: MAX_PAYLOAD_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    for (const path of ["/v1/projects/:project/triggers", "/v1/projects/:project/locations/:location/triggers"]) {
      webhooks.post(`${path}/:trigger(^[^:/]+)::webhook`, { bodyLimit: MAX_PAYLOAD_BYTES }, webhook(deps));
    }
  });
}

function guarded(deps: TriggersDependencies, action: Action) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const caller = await deps.callerOf(request);
    if (caller === undefined) {
      return sendError(reply, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    }
    const place = placeIn(request);
    if (caller.kind !== "person" && caller.project !== place.project) {
      const message = `${caller.email} has no access to triggers of project ${place.project}.`;
      return sendError(reply, "PERMISSION_DENIED", message);
    }
    const { trigger = "" } = request.params as { trigger?: string };
    return action({ place, name: trigger, request, reply, caller });
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
  if (kind === "exists") return sendError(reply, "ALREADY_EXISTS", message);
  if (kind === "unavailable") return sendError(reply, "FAILED_PRECONDITION", message);
  return sendError(reply, "INVALID_ARGUMENT", message, `generic::invalid_argument: ${message}`);
}

function create({ triggers }: TriggersDependencies): Action {
  return async ({ place, request, reply, caller }) => {
    const { settings, misfits } = readTrigger(request.body ?? {});
    if (misfits.length > 0) return invalidPayload(reply, misfits);
    const denied = actAsDenied(settings.serviceAccount, place.project, caller);
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
    const denied = actAsDenied(settings.serviceAccount, place.project, caller);
    if (denied !== undefined) return sendError(reply, "PERMISSION_DENIED", denied);
    const mask = (queryText(request, "updateMask") ?? "").split(",").filter(Boolean);
    const names = mask.map((path) => camelCase(path.split(".")[0] ?? ""));
    const masked = Object.fromEntries(
      names.map((name) => [name, (settings as Readonly<Record<string, unknown>>)[name]] as const),
    );
    const next = mask.length === 0 ? settings : withoutUndefined({ ...trigger.settings, ...masked });
    const changed = await triggers.change(trigger, next);
    return changed.ok ? reply.send(triggerJson(changed.value)) : refuse(reply, changed.error);
  };
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function withoutUndefined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
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
    const denied = actAsDenied(trigger.settings.serviceAccount, trigger.project, caller);
    if (denied !== undefined) return sendError(reply, "PERMISSION_DENIED", denied);
    const started = await triggers.run({ trigger, actor: actorOf(caller), source });
    return started.ok ? reply.send(operationJson(started.value, serverUrl())) : refuse(reply, started.error);
  };
}

function deliveries({ triggers }: TriggersDependencies) {
  return async (trigger: Trigger, { reply }: Call): Promise<FastifyReply> =>
    reply.send({ deliveries: [...(await triggers.deliveries(trigger))].reverse() });
}

/** The sender hears whether the secret was right, and nothing else of what came of it. */
function webhook({ triggers, accessSecret }: TriggersDependencies) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { trigger: name = "" } = request.params as { trigger?: string };
    const trigger = await triggers.find(placeIn(request), name);
    const version = trigger?.settings.webhookConfig?.secret;
    if (trigger === undefined || version === undefined) return notFound(reply, name);
    const secret = await accessSecret(version);
    if (secret === undefined || !isEqual(secret.reveal(), queryText(request, "secret") ?? "")) {
      return sendError(reply, "PERMISSION_DENIED", "the secret is not the trigger's");
    }
    const payload = jsonOr(request.body);
    const delivery = deliveryOf(request);
    const source: RepoSource = {};
    await triggers.deliver({
      trigger,
      source,
      payload,
      actor: actorId("trigger", trigger.settings.name),
      ...(delivery === undefined ? {} : { delivery }),
    });
    return reply.send({});
  };
}

function deliveryOf(request: FastifyRequest): string | undefined {
  const values = DELIVERY_HEADERS.map((header) => request.headers[header]);
  const named = values.find((value): value is string => typeof value === "string" && value !== "");
  return named?.slice(0, MAX_DELIVERY_LENGTH);
}

function jsonOr(body: unknown): unknown {
  try {
    return JSON.parse(String(body)) as unknown;
  } catch {
    return undefined;
  }
}

/** Digests have one length, so that neither it nor the first difference can be timed. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function invalidPayload(reply: FastifyReply, misfits: readonly string[]): FastifyReply {
  return sendError(reply, "INVALID_ARGUMENT", `Invalid JSON payload received. ${misfits.join(";")}`);
}
