import { z } from "zod";
import { boolean, text } from "../yaml/scalars.ts";

/** Sections of a release manifest; values are checked against the platform file afterwards. */
export const manifestSections = {
  release_id: text().meta({ description: "Date and environment.", examples: ["2026-11-26-staging"] }),
  description: z.string().default("").meta({ description: "What this release is about." }),
  environment: text().optional().meta({ description: "Where release_id does not end in the environment's name." }),
  commits: z.record(z.string(), z.string()).default({}).meta({
    description: "Module → commit, tag or branch. What is not named stays as it is.",
    additionalScalars: true,
  }),
  images: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: "Image key → tag to give, or digest to use." }),
  migrations: z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .default({})
    .meta({ description: "Module → migrations in the order in which they run." }),
  feature_flags: z.record(z.string(), boolean()).default({}).meta({ description: "Flag → true or false." }),
  env_overrides: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: "Override → value.", additionalScalars: true }),
  verification: z
    .strictObject({
      verify_script: z.string().optional(),
      qa_suite: z.string().optional(),
      dbt_test: boolean().default(false),
    })
    .prefault({})
    .meta({ description: "Checks that the release demands." }),
  notes: z.array(z.string()).default([]).meta({ description: "Remarks for people." }),
} as const;

/** The whole manifest. */
export const manifestSchema = z
  .strictObject(manifestSections)
  .meta({ title: "Release manifest", description: "What a release consists of." });
