/**
 * Our HTTP API as data: method, path, who may call, and the shape of what comes in. Handlers, the command line's client,
 * the OpenAPI document and the test that asks every route without a token are made from it.
 */
import { z } from "zod";

/** Who may call a route: nobody in particular, a person, or a step of a build. */
export type Permission = "public" | "person" | "step";

export interface Route {
  readonly method: "GET" | "POST";
  /** With Fastify's parameters, such as `/api/v1/releases/:release`. */
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly body?: z.ZodType;
  /** A POST that changes nothing, which the audit log leaves out. */
  readonly effect?: "none";
}

const umbrellaPath = z
  .string()
  .min(1)
  .max(1_024)
  .refine((value) => !/(^|\/)\.\.(\/|$)|^[/~-]|\\|\p{Cc}/u.test(value), "it must be a path beneath the umbrella");
const commit = z.string().regex(/^[0-9a-f]{40}$/, "it must be a full commit id");

/** What a plan is asked for with. */
export const planBody = z.strictObject({
  manifest: umbrellaPath,
  /** Texts of a working folder: for a look, never for a release. */
  manifestText: z.string().max(1_048_576).optional(),
  platformText: z.string().max(1_048_576).optional(),
  commit: commit.optional(),
  environment: z.string().max(100).optional(),
  drop: z.array(z.string().max(200)).max(100).default([]),
});

/** What a release is asked for with. */
export const releaseBody = z.strictObject({
  manifest: umbrellaPath,
  commit: commit.optional(),
  environment: z.string().max(100).optional(),
  plan: z.string().max(100).optional(),
  drop: z.array(z.string().max(200)).max(100).default([]),
  /** Made by the client: a request that is sent again makes no second release. */
  requestId: z.string().min(8).max(100),
});

/** A role for one of an environment's identities, or its end. */
export const grantBody = z.strictObject({
  change: z.enum(["grant", "revoke"]),
  role: z.string().max(100),
  /** `projects/P/…`; the whole project unless given. */
  resource: z
    .string()
    .max(300)
    .regex(/^projects\/[\w.:-]+(\/[\w.@:~-]+)*$/, "it must be a resource such as projects/P/secrets/S")
    .optional(),
});

/** Nothing has to be said to be given access. */
const accessBody = z.strictObject({});

/** Why a release is to end: people read it in its record. */
export const cancelBody = z.strictObject({ reason: z.string().min(1).max(500) });

const report = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("image-built"),
    image: z.string().max(200),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    reference: z.string().max(1_000),
  }),
  z.strictObject({
    kind: z.literal("failed"),
    phase: z.string().max(100),
    subject: z.string().max(200).optional(),
    problem: z.strictObject({
      code: z.string().max(100),
      severity: z.enum(["error", "warning"]),
      summary: z.string().max(2_000),
      where: z
        .strictObject({ file: z.string(), line: z.number(), column: z.number(), excerpt: z.string().optional() })
        .optional(),
      why: z.array(z.string().max(10_000)).max(50),
      fix: z.string().max(2_000),
    }),
  }),
]);

/** What a step asks for, or reports. */
export const phaseBody = z.strictObject({
  phase: z.string().max(100),
  subject: z.string().max(1_000).optional(),
  report: report.optional(),
});

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
  access: {
    method: "POST",
    path: "/api/v1/environments/:environment/access",
    permission: "person",
    summary: "A token of the environment's deploy identity, for tools that speak Google's APIs.",
    body: accessBody,
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
