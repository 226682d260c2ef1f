import { z } from "zod";
import { isTimeZone } from "../values/zoned-time.ts";
import { boolean, durationMs, integer, name, nonEmpty, percent, ratio, text } from "../yaml/scalars.ts";

const account = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,28}[a-z0-9]$|^[a-z]$/, "it must be a service account's name without domain");

const share = () => integer(1).refine((value) => value <= 100, "it must be at most 100");
/** A wall clock's time in the freeze's zone. */
const localTime = () => z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/, "it must be a time such as 2026-12-20T00:00");

/** A cloud keeps a day of requests; the time before a canary is compared with, and takes as much again. */
const MAX_BAKE_MS = 12 * 3_600_000;
const bakeMs = () => durationMs().refine((value) => value <= MAX_BAKE_MS, "it must be at most 12h");

const freezeSchema = z
  .strictObject({
    name: text(),
    from: localTime(),
    until: localTime(),
    zone: text().refine(isTimeZone, "it must be a time zone such as Europe/Berlin"),
  })
  .refine(({ from, until }) => from < until, { error: "it must be after from", path: ["until"] });

const policiesSchema = z
  .strictObject({
    promoteFrom: name().optional(),
    approvals: z
      .strictObject({ count: integer(1), from: nonEmpty(name()), expires: durationMs().default(86_400_000) })
      .optional(),
    freezes: z.array(freezeSchema).default([]),
    soak: durationMs().default(0),
    checklist: z.literal("complete").optional(),
    queue: z.enum(["all", "newest"]).default("all"),
    rehearsal: boolean().default(true),
    canary: z
      .strictObject({
        services: nonEmpty(name()),
        steps: nonEmpty(z.strictObject({ percent: share(), bake: bakeMs() })).refine(
          (steps) => steps.every(({ percent }, index) => percent > (steps[index - 1]?.percent ?? 0)),
          "each step must have more percent than the one before",
        ),
        gates: z
          .strictObject({
            errorRate: percent().optional(),
            latencyP95: ratio().optional(),
            minRequests: integer(1).default(1),
          })
          .prefault({}),
      })
      .optional(),
    retention: z
      .strictObject({
        releases: integer(1).optional(),
        backups: durationMs().optional(),
        images: durationMs().optional(),
      })
      .optional(),
  })
  .prefault({});

/** One entry of `environments`. */
export const environmentSchema = z
  .strictObject({
    project: text(),
    aliases: z.strictObject({ names: z.array(name()).default([]), projects: z.array(text()).default([]) }).prefault({}),
    region: text(),
    cloud: z.enum(["embedded", "google"]).default("embedded"),
    runtime: z.enum(["auto", "docker", "oci", "process"]).default("auto"),
    registry: text(),
    identities: z.strictObject({ build: account, deploy: account, migrate: account, runtime: account }),
    databases: z
      .record(name(), z.strictObject({ user: name(), password: name(), maxConnections: integer(1).optional() }))
      .default({}),
    overrides: z.record(name(), z.string()).optional().meta({
      description: "Override → its value here: what a promoted manifest gets in place of the other environment's.",
      additionalScalars: true,
    }),
    boundary: z.strictObject({ owns: z.array(text()).default([]), shares: z.array(text()).default([]) }).prefault({}),
    policies: policiesSchema,
  })
  .meta({ description: "A named place with rules." });

const moment = z.enum(["started", "waiting", "succeeded", "failed", "rolledBack", "drift"]);

/** `notifications`. */
export const notificationsSchema = z
  .strictObject({
    slack: z
      .strictObject({ webhook: name(), on: z.array(moment), environments: z.array(name()).default([]) })
      .optional(),
    email: z.strictObject({ smtp: name(), from: text(), to: nonEmpty(text()), on: z.array(moment) }).optional(),
  })
  .prefault({});
