import { z } from "zod";
import { EARLIER_LEDGERS } from "../../core/migrations/plan-baseline.ts";
import type { Route } from "./route.ts";

const name = z.string().min(1).max(1_024);
const reason = z.string().min(1).max(500);

/** What a person says of a migration that was started and never finished. */
export const settleBody = z.strictObject({
  identifier: name,
  database: name.optional(),
  module: name.optional(),
  outcome: z.enum(["applied", "not-applied"]),
  reason,
});

/** What a person says a database had before its ledger: exactly one of `from`, `through` and `only`. */
export const baselineBody = z
  .strictObject({
    /** A module, or a database that one module migrates. */
    name,
    from: z.enum(EARLIER_LEDGERS).optional(),
    through: name.optional(),
    only: z.array(name).min(1).max(1_000).optional(),
    commit: name.optional(),
    reason,
    dryRun: z.boolean().default(false),
  })
  .refine(({ from, through, only }) => [from, through, only].filter((said) => said !== undefined).length === 1, {
    message: "exactly one of from, through and only says what the database has",
  });

/** Routes of what people ask of an environment's migration ledgers, and say of them. */
export const MIGRATION_ROUTES = {
  migrations: {
    method: "GET",
    path: "/api/v1/environments/:environment/migrations",
    permission: "person",
    summary: "What its migration ledgers hold, and who settled what was dirty.",
  },
  settleMigration: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::settleMigration",
    permission: "person",
    summary: "Say how a migration stands that was started and never finished.",
    body: settleBody,
  },
  baselineMigrations: {
    method: "POST",
    path: "/api/v1/environments/:environment(^[^:/]+)::baselineMigrations",
    permission: "person",
    summary: "Take into a migration ledger what its database has already, without running it.",
    body: baselineBody,
  },
} as const satisfies Record<string, Route>;
