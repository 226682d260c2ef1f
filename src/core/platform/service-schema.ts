import { z } from "zod";
import { anyScalar, boolean, decimal, durationMs, integer, name, nonEmpty, text } from "../yaml/scalars.ts";
import { port } from "./module-schema.ts";

const variable = z.string().regex(/^[A-Za-z_]\w*$/, "it must be a variable's name");
const timeout = () =>
  durationMs()
    .transform((value) => value / 1_000)
    .refine(
      (value) => Number.isInteger(value) && value >= 1 && value <= 3_600,
      "it must be 1s to 3600s, in whole seconds",
    );

/** Settings with the names of `gcloud run deploy`'s flags; the defaults are Cloud Run's. */
const runSchema = z
  .strictObject({
    port: port().default(8_080),
    memory: z
      .string()
      .regex(/^\d+(Mi|Gi)$/, "it must be a quantity such as 512Mi")
      .default("512Mi"),
    cpu: decimal().default(1),
    minInstances: integer(0).default(0),
    maxInstances: integer(1).default(10),
    concurrency: integer(1)
      .refine((value) => value <= 1_000, "it must be at most 1000")
      .default(80),
    timeout: timeout().default(300),
    cpuThrottling: boolean().default(true),
    cloudsqlInstances: z.array(text()).default([]),
    allowUnauthenticated: boolean().default(false),
    command: nonEmpty(text()).optional(),
    args: z.array(z.string()).optional(),
  })
  .refine(({ minInstances, maxInstances }) => minInstances <= maxInstances, {
    error: "it must be at least minInstances",
    path: ["maxInstances"],
  })
  .prefault({});

const limits = {
  tries: integer(1).default(1),
  within: durationMs().default(30_000),
};

/** A check: over HTTP, or a round trip of work through a queue. */
export const checkSchema = z.union([
  z.strictObject({
    http: text().meta({ description: "Expression for the address." }),
    expect: z
      .strictObject({
        status: integer(100).default(200),
        json: z.record(z.string(), anyScalar()).default({}),
        body: z.string().optional(),
        headers: z.record(z.string(), z.string()).default({}),
        latency: durationMs().optional(),
      })
      .prefault({}),
    ...limits,
  }),
  z.strictObject({
    roundTrip: z.strictObject({
      post: text(),
      poll: text(),
      until: z.strictObject({ json: text(), equals: anyScalar() }),
      within: durationMs().default(30_000),
    }),
    tries: integer(1).default(1),
  }),
]);

/** One entry of `services`. */
export const serviceSchema = z
  .strictObject({
    image: name(),
    role: z.enum(["api", "worker", "job"]).default("api"),
    run: runSchema,
    env: z.record(variable, z.string()).default({}).meta({ description: "Expressions or plain text." }),
    secrets: z.record(variable, z.string().regex(/^[\w-]+:(latest|\d+)$/, "it must be secret:version")).default({}),
    health: z
      .strictObject({
        path: z.string().regex(/^\//, "it must begin with /").default("/health"),
        startupSeconds: integer(1)
          .refine((value) => value <= 240, "it must be at most 240")
          .default(60),
      })
      .prefault({}),
    pool: integer(1)
      .optional()
      .meta({ description: "Connections that one instance may open to each of its databases." }),
    rehearsal: z.strictObject({ env: z.record(variable, z.string()) }).optional(),
    checks: z.array(checkSchema).default([]),
  })
  .meta({ description: "What runs on Cloud Run." });
