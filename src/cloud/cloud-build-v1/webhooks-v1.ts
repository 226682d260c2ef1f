/**
 * Calls that start triggers without a token, by a secret that the sender knows: a trigger's own webhook, whose secret
 * stands in its address as on Cloud Build, and what GitHub tells of a repository, which is signed. The sender hears whether
 * the secret was right, and nothing else of what came of it. Begin with `registerWebhooksV1`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readGithubEvent } from "../../core/trigger/github-event.ts";
import { actorId } from "../../core/values/ids.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { TriggerEngine } from "../../engine/triggers/trigger-engine.ts";
import { jsonOr, placeIn, queryText } from "./api-call.ts";
import { sendError } from "./google-error.ts";
import { isEqualSecret, isSigned } from "./webhook-secrets.ts";

export interface WebhooksDependencies {
  readonly triggers: TriggerEngine;
  /** A secret by its full version name; undefined where there is none. */
  readonly accessSecret: (versionName: string) => Promise<Secret | undefined>;
}

/** The secret of a project by which GitHub signs. */
const GITHUB_SECRET = "github-webhook";
/** What senders put their delivery's name into; equal ones are one delivery. */
const DELIVERY_HEADERS = ["x-github-delivery", "x-gitlab-event-uuid", "x-request-uuid", "idempotency-key"];
const MAX_PAYLOAD_BYTES = 1024 * 1024;
const TOO_LARGE = 413;
const MAX_DELIVERY_LENGTH = 200;

/** Adds the routes. */
export function registerWebhooksV1(app: FastifyInstance, deps: WebhooksDependencies): void {
  app.register(async (webhooks) => {
    // Whatever comes: JSON is read where it is some, anything else counts as no payload.
    webhooks.removeAllContentTypeParsers();
    webhooks.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: MAX_PAYLOAD_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    webhooks.setErrorHandler((cause: { readonly statusCode?: number }, _request, reply) => {
      if (cause.statusCode !== TOO_LARGE) throw cause;
      return sendError(
        reply,
        "INVALID_ARGUMENT",
        `Request payload size exceeds the limit: ${MAX_PAYLOAD_BYTES} bytes.`,
      );
    });
    const limit = { bodyLimit: MAX_PAYLOAD_BYTES };
    for (const place of ["/v1/projects/:project", "/v1/projects/:project/locations/:location"]) {
      webhooks.post(`${place}/triggers/:trigger(^[^:/]+)::webhook`, limit, webhook(deps));
    }
    webhooks.post("/v1/projects/:project/githubDotComWebhook::receive", limit, github(deps));
  });
}

function webhook({ triggers, accessSecret }: WebhooksDependencies) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { trigger: name = "" } = request.params as { trigger?: string };
    const trigger = await triggers.find(placeIn(request), name);
    const version = trigger?.settings.webhookConfig?.secret;
    if (trigger === undefined || version === undefined) {
      return sendError(reply, "NOT_FOUND", `trigger ${name} not found`);
    }
    const secret = await accessSecret(version);
    if (!isEqualSecret(secret, queryText(request, "secret") ?? "")) {
      return sendError(reply, "PERMISSION_DENIED", "the secret is not the trigger's");
    }
    const actor = actorId("trigger", trigger.settings.name);
    await triggers.deliver({ trigger, payload: jsonOr(textOf(request)), actor, ...deliveryOf(request) });
    return reply.send({});
  };
}

/** Each trigger that waits for events of the repository gets the delivery, and judges it by itself. */
function github({ triggers, accessSecret }: WebhooksDependencies) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { project } = placeIn(request);
    const secret = await accessSecret(`projects/${project}/secrets/${GITHUB_SECRET}/versions/latest`);
    const isJson = /^application\/json\b/.test(request.headers["content-type"] ?? "");
    if (!isJson || !isSigned(secret, bytesOf(request), headerText(request, "x-hub-signature-256"))) {
      return sendError(reply, "UNAUTHENTICATED", "the request is not signed by the project's secret");
    }
    const payload = jsonOr(textOf(request));
    const event = readGithubEvent(headerText(request, "x-github-event"), payload);
    if (!event.ok) return reply.send({});
    for (const trigger of await triggers.ofGithub(project, event.value.repository)) {
      const actor = actorId("trigger", trigger.settings.name);
      await triggers.deliver({ trigger, event: event.value, payload, actor, ...deliveryOf(request) });
    }
    return reply.send({});
  };
}

function deliveryOf(request: FastifyRequest): { readonly delivery?: string } {
  const named = DELIVERY_HEADERS.map((header) => headerText(request, header)).find((value) => value !== "");
  return named === undefined ? {} : { delivery: named.slice(0, MAX_DELIVERY_LENGTH) };
}

function headerText(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === "string" ? value : "";
}

function textOf(request: FastifyRequest): string {
  return bytesOf(request).toString("utf8");
}

function bytesOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
