import { z } from "zod";
import { name } from "../yaml/scalars.ts";
import { environmentSchema, notificationsSchema } from "./environment-schema.ts";
import { gitSchema, imageSchema, moduleSchema } from "./module-schema.ts";
import { checkSchema, serviceSchema } from "./service-schema.ts";

/** Cloud Run's rule for the names of services and jobs, less what tags and revisions add to them. */
const serviceName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,47}[a-z0-9]$|^[a-z]$/,
    "it must be lower-case letters, digits and -, at most 49 characters",
  );

/** The whole of `mobius.yaml`. Unknown keys are errors; maps are keyed by name. */
export const platformSchema = z
  .strictObject({
    platform: name().meta({ description: "The platform's name.", examples: ["mobius"] }),
    git: gitSchema.prefault({}),
    modules: z.record(name(), moduleSchema).default({}),
    images: z.record(name(), imageSchema).default({}),
    services: z.record(serviceName, serviceSchema).default({}),
    environments: z.record(name(), environmentSchema).default({}),
    flags: z.record(name(), z.strictObject({ type: z.literal("boolean").default("boolean") })).default({}),
    overrides: z
      .record(
        name(),
        z.strictObject({ type: z.enum(["string", "url", "bucket", "number", "boolean"]).default("string") }),
      )
      .default({}),
    checks: z.array(checkSchema).default([]),
    notifications: notificationsSchema,
  })
  .meta({ title: "mobius.yaml", description: "The platform: modules, images, services and environments." });

/** A platform file that has the right shape; its names may still lead nowhere. */
export type PlatformShape = z.output<typeof platformSchema>;
