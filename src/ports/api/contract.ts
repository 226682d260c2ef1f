/**
 * Our HTTP API as data: method, path, who may call, and the shape of what comes in. Handlers, the command line's client,
 * the OpenAPI document and the test that asks every route without a token are made from it.
 */

import {
  cancelBody,
  emptyBody,
  grantBody,
  notificationTestBody,
  phaseBody,
  planBody,
  pushTokenBody,
  releaseBody,
  sendAgainBody,
  subscribeBody,
  unsubscribeBody,
} from "./bodies.ts";
import { DECISION_ROUTES } from "./decision-contract.ts";
import { MIGRATION_ROUTES } from "./migration-contract.ts";
import type { Route } from "./route.ts";

/** Every route of ours. Google's own are in `cloud/`. */
export const ROUTES = {
  ...DECISION_ROUTES,
  ...MIGRATION_ROUTES,
  health: { method: "GET", path: "/healthz", permission: "public", summary: "Whether the process answers." },
  ready: { method: "GET", path: "/readyz", permission: "public", summary: "Whether it can take work." },
  openApi: { method: "GET", path: "/openapi.json", permission: "public", summary: "This API." },
  metrics: { method: "GET", path: "/metrics", permission: "person", summary: "Prometheus text." },
  installation: {
    method: "GET",
    path: "/api/v1/installation",
    permission: "person",
    summary: "Which installation this is.",
  },
  plan: {
    method: "POST",
    path: "/api/v1/plans",
    permission: "person",
    summary: "Plan a manifest.",
    body: planBody,
    effect: "none",
  },
  release: {
    method: "POST",
    path: "/api/v1/releases",
    permission: "person",
    summary: "Release a manifest.",
    body: releaseBody,
  },
  releases: { method: "GET", path: "/api/v1/releases", permission: "person", summary: "All releases, newest first." },
  releaseOne: { method: "GET", path: "/api/v1/releases/:release", permission: "person", summary: "One release." },
  events: {
    method: "GET",
    path: "/api/v1/releases/:release/events",
    permission: "person",
    summary: "Its events as they come (SSE).",
  },
  log: { method: "GET", path: "/api/v1/releases/:release/log", permission: "person", summary: "Its log as text." },
  explanation: {
    method: "GET",
    path: "/api/v1/releases/:release/explanation",
    permission: "person",
    summary: "Why it is as it is.",
  },
  cancel: {
    method: "POST",
    path: "/api/v1/releases/:release(^[^:/]+)::cancel",
    permission: "person",
    summary: "Cancel it.",
    body: cancelBody,
  },
  environment: {
    method: "GET",
    path: "/api/v1/environments/:environment",
    permission: "person",
    summary: "What an environment serves.",
  },
  requestMetrics: {
    method: "GET",
    path: "/api/v1/environments/:environment/metrics",
    permission: "person",
    summary: "Requests, errors and latencies by service and revision, with releases (?minutes=, ?service=).",
  },
  where: {
    method: "GET",
    path: "/api/v1/where",
    permission: "person",
    summary: "Which environments have a commit, image or release (?subject=, ?environment= any number of times).",
  },
  changelog: {
    method: "GET",
    path: "/api/v1/changelog",
    permission: "person",
    summary: "What differs between two releases or environments (?from=, ?to=, ?limit= commits of each module).",
  },
  records: {
    method: "GET",
    path: "/api/v1/records",
    permission: "person",
    summary:
      "What the umbrella's records say of releases, oldest first (?environment=, ?after= the number of a release).",
  },
  access: {
    method: "POST",
    path: "/api/v1/environments/:environment/access",
    permission: "person",
    summary: "A token of the environment's deploy identity, for tools that speak Google's APIs.",
    body: emptyBody,
  },
  identities: {
    method: "GET",
    path: "/api/v1/environments/:environment/identities",
    permission: "person",
    summary: "Its identities, what each may do, and that none may do anything elsewhere.",
  },
  identityDecision: {
    method: "GET",
    path: "/api/v1/environments/:environment/identities/:identity/decision",
    permission: "person",
    summary: "Whether an identity has a right (?permission=, ?resource=), and why.",
  },
  identityGrant: {
    method: "POST",
    path: "/api/v1/environments/:environment/identities/:identity/grants",
    permission: "person",
    summary: "Grant it a role in its own project, or revoke one that was granted.",
    body: grantBody,
  },
  audit: {
    method: "GET",
    path: "/api/v1/audit",
    permission: "person",
    summary: "The last rows of the audit log (?limit=, ?since=).",
  },
  auditRows: {
    method: "GET",
    path: "/api/v1/audit/rows",
    permission: "person",
    summary: "All rows of the audit log (NDJSON).",
  },
  auditVerification: {
    method: "GET",
    path: "/api/v1/audit/verification",
    permission: "person",
    summary: "Whether the audit log is whole.",
  },
  phase: {
    method: "POST",
    path: "/api/v1/phases",
    permission: "step",
    summary: "A phase, asked for by a step.",
    body: phaseBody,
  },
  buildLog: {
    method: "GET",
    path: "/api/v1/builds/:build/log",
    permission: "person",
    summary: "A build's log as text.",
  },
  channels: {
    method: "GET",
    path: "/api/v1/notifications/channels",
    permission: "person",
    summary: "Where notifications go, and how that is going.",
  },
  messages: {
    method: "GET",
    path: "/api/v1/notifications/messages",
    permission: "person",
    summary: "Messages of the outbox, newest first; ?state=waiting, delivered or failed.",
  },
  notificationTest: {
    method: "POST",
    path: "/api/v1/notifications/tests",
    permission: "person",
    summary: "Send a test message now.",
    body: notificationTestBody,
  },
  sendAgain: {
    method: "POST",
    path: "/api/v1/notifications/tries",
    permission: "person",
    summary: "Send messages again that were given up.",
    body: sendAgainBody,
  },
  subscribe: {
    method: "POST",
    path: "/api/v1/notifications/subscriptions",
    permission: "person",
    summary: "Tell a program of an environment's builds.",
    body: subscribeBody,
  },
  unsubscribe: {
    method: "POST",
    path: "/api/v1/notifications/unsubscriptions",
    permission: "person",
    summary: "Tell it no more.",
    body: unsubscribeBody,
  },
  pushToken: {
    method: "POST",
    path: "/api/v1/notifications/tokens",
    permission: "person",
    summary: "A token with which messages about an environment's builds are taken.",
    body: pushTokenBody,
  },
  schema: { method: "GET", path: "/api/v1/schemas/:schema", permission: "public", summary: "A JSON Schema." },
} as const satisfies Record<string, Route>;

/** Header of a build's log that says where to go on reading. */
export const NEXT_BYTE = "mobius-next-byte";

/** One line of a phase's answer (NDJSON). */
export type PhaseLine =
  | { readonly type: "line"; readonly text: string }
  | { readonly type: "end"; readonly ok: true; readonly summary: string; readonly order: unknown }
  | { readonly type: "end"; readonly ok: false; readonly problem: unknown };

/** One line of a release's events (SSE data). */
export interface EventLine {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
  readonly line?: string;
}
