import { z } from "zod";
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
} as const satisfies Record<string, Route>;
