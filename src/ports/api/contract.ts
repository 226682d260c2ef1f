/**
 * Our HTTP API as data: method, path, who may call, and the shape of what comes in. Handlers, the command line's client,
 * the OpenAPI document and the test that asks every route without a token are made from it.
 */
import type { z } from "zod";
import {
  approveBody,
  cancelBody,
  emptyBody,
  freezeBody,
  holdBody,
  ignoreDriftBody,
  liftBody,
  personBody,
  phaseBody,
  planBody,
  promotionBody,
  promotionPlanBody,
  releaseBody,
  rollbackBody,
  rollbackPlanBody,
} from "./bodies.ts";

/** Who may call a route: nobody in particular, a person, or a step of a build. */
export type Permission = "public" | "person" | "step";

export interface Route {
  readonly method: "GET" | "POST";
  /** With Fastify's parameters, such as `/api/v1/releases/:release`. */
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly body?: z.ZodType;
}

/** Every route of ours. Google's own are in `cloud/`. */
export const ROUTES = {
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
  plan: { method: "POST", path: "/api/v1/plans", permission: "person", summary: "Plan a manifest.", body: planBody },
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
  approve: {
    method: "POST",
    path: "/api/v1/releases/:release(^[^:/]+)::approve",
    permission: "person",
    summary: "Agree to its plan.",
    body: approveBody,
  },
  reject: {
    method: "POST",
    path: "/api/v1/releases/:release(^[^:/]+)::reject",
    permission: "person",
    summary: "End it before it begins.",
    body: cancelBody,
  },
  except: {
    method: "POST",
    path: "/api/v1/releases/:release(^[^:/]+)::except",
    permission: "person",
    summary: "Let it through the freezes that keep it back.",
    body: cancelBody,
  },
  hold: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::hold",
    permission: "person",
    summary: "Keep its releases back.",
    body: holdBody,
  },
  resume: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::resume",
    permission: "person",
    summary: "Lift what holds it.",
    body: cancelBody,
  },
  freeze: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::freeze",
    permission: "person",
    summary: "Release nothing to it until a moment.",
    body: freezeBody,
  },
  liftFreeze: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::liftFreeze",
    permission: "person",
    summary: "End a freeze that a person set.",
    body: liftBody,
  },
  rollbackPlan: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::planRollback",
    permission: "person",
    summary: "What giving its traffic back would change.",
    body: rollbackPlanBody,
  },
  rollback: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::rollback",
    permission: "person",
    summary: "Give its traffic back to a set that it had.",
    body: rollbackBody,
  },
  promotionPlan: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::planPromotion",
    permission: "person",
    summary: "What promoting to it would release.",
    body: promotionPlanBody,
  },
  promotion: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::promote",
    permission: "person",
    summary: "Bring to it what the environment before has proved.",
    body: promotionBody,
  },
  drift: {
    method: "GET",
    path: "/api/v1/environments/:environment/drift",
    permission: "person",
    summary: "How what is live differs from what was released.",
  },
  ignoreDrift: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::ignoreDrift",
    permission: "person",
    summary: "Let a difference be for a while.",
    body: ignoreDriftBody,
  },
  people: { method: "GET", path: "/api/v1/people", permission: "person", summary: "Who has which roles." },
  admitPerson: {
    method: "POST",
    path: "/api/v1/people",
    permission: "person",
    summary: "Give a person roles and a token; an admin's right.",
    body: personBody,
  },
  dismissPerson: {
    method: "POST",
    path: "/api/v1/people/:person(^[^:/]+)::dismiss",
    permission: "person",
    summary: "Take a person's token and roles; an admin's right.",
    body: emptyBody,
  },
  environment: {
    method: "GET",
    path: "/api/v1/environments/:environment",
    permission: "person",
    summary: "What an environment serves.",
  },
  access: {
    method: "POST",
    path: "/api/v1/environments/:environment/access",
    permission: "person",
    summary: "A token of the environment's deploy identity, for tools that speak Google's APIs.",
    body: emptyBody,
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
