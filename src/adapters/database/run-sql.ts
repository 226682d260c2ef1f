import type { Client } from "pg";
import type { SqlFile } from "../../core/migrations/classify-sql.ts";
import { postconditionsOf } from "../../core/migrations/postconditions.ts";
import { migrationFailed } from "../../core/migrations/problems.ts";
import { positionAt, type SqlPiece } from "../../core/migrations/split-sql.ts";
import type { Problem, Where } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { MigrationToApply } from "../../ports/databases.ts";
import { brokenPostconditions } from "./check-postconditions.ts";
import { isConnectionLost, messageOf, sqlStateOf } from "./cluster-access.ts";
import { recordMigration } from "./ledger.ts";

/** A migration file that is about to run. */
export interface SqlRun {
  readonly client: Client;
  readonly migration: MigrationToApply;
  readonly sql: string;
  readonly file: SqlFile;
  /** Who stands in the way of a lock that was not to be had, in words. */
  readonly blockers: () => Promise<readonly string[]>;
  /** Indexes that are there and not valid, asked over a connection of its own. */
  readonly invalidIndexes: () => Promise<readonly string[]>;
}

/** `commit-unknown`: the connection was lost while the transaction was being committed. */
export type SqlOutcome = Result<"applied" | "commit-unknown", Problem>;

/** Runs the file as one transaction with its ledger row: all or nothing. */
export async function runInTransaction(run: SqlRun): Promise<SqlOutcome> {
  const { client, migration } = run;
  await client.query("BEGIN");
  const ran = await runStatements(run, "nothing");
  if (!ran.ok) {
    await client.query("ROLLBACK").catch(() => {}); // a lost connection has rolled back by itself
    return ran;
  }
  const broken = await brokenPostconditions(client, postconditionsOf(run.sql));
  if (broken.length > 0) {
    await client.query("ROLLBACK").catch(() => {});
    return err(migrationFailed({ migration, reasons: broken, remains: "nothing" }));
  }
  try {
    await recordMigration(client, migration, "applied");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    return err(migrationFailed({ migration, reasons: [`ledger row: ${explain(error)}`], remains: "nothing" }));
  }
  try {
    await client.query("COMMIT");
  } catch (error) {
    if (isConnectionLost(error)) return ok("commit-unknown");
    return err(migrationFailed({ migration, reasons: [`COMMIT: ${explain(error)}`], remains: "nothing" }));
  }
  return ok("applied");
}

/** Records the file as `started` and runs it as it is. The caller records it as `applied`; a failure leaves `started`. */
export async function runAsItIs(run: SqlRun): Promise<Result<"applied", Problem>> {
  const { client, migration } = run;
  await recordMigration(client, migration, "started");
  const ran = await runStatements(run, "unknown");
  if (!ran.ok) {
    await client.query("ROLLBACK").catch(() => {});
    // A database that does not answer now is no reason to lose what is known.
    const left = await run.invalidIndexes().catch(() => []);
    return left.length === 0 ? ran : err({ ...ran.error, why: [...ran.error.why, sayInvalid(left)] });
  }
  const invalid = await invalidIndexes(client);
  if (invalid.length > 0) {
    // CREATE INDEX CONCURRENTLY IF NOT EXISTS passes over the invalid index of an interrupted run without a word.
    return err(migrationFailed({ migration, reasons: [sayInvalid(invalid)], remains: "unknown" }));
  }
  const broken = await brokenPostconditions(client, postconditionsOf(run.sql));
  if (broken.length > 0) return err(migrationFailed({ migration, reasons: broken, remains: "unknown" }));
  return ok("applied");
}

async function runStatements(run: SqlRun, remains: "nothing" | "unknown"): Promise<Result<undefined, Problem>> {
  const { client, migration, file } = run;
  for (const [index, statement] of file.statements.entries()) {
    try {
      await client.query(statement.text.slice(statement.start));
    } catch (error) {
      const reasons = [`Statement ${index + 1} of ${file.statements.length}: ${explain(error)}`];
      // lock_not_available: the statement waited for somebody else's transaction.
      if (sqlStateOf(error) === "55P03") reasons.push(...(await run.blockers()));
      return err(migrationFailed({ migration, reasons, remains, where: placeOf(run, statement, error) }));
    }
  }
  return ok(undefined);
}

function explain(error: unknown): string {
  const state = sqlStateOf(error);
  const hint = error instanceof Error && "hint" in error && typeof error.hint === "string" ? ` (${error.hint})` : "";
  return state === undefined
    ? `the connection was lost: ${messageOf(error)}`
    : `${messageOf(error)}${hint} [SQLSTATE ${state}]`;
}

/** The very character that the server points at, or the statement's beginning. */
function placeOf({ sql, migration }: SqlRun, statement: SqlPiece, error: unknown): Where {
  const place = error instanceof Error && "position" in error ? Number(error.position) : 1;
  const text = statement.text.slice(statement.start);
  // The server counts characters, from 1; we count UTF-16 units.
  const units = [...text].slice(0, Math.max(0, place - 1)).join("").length;
  const offset = statement.offset + (Number.isFinite(place) ? units : 0);
  const line = sql.slice(sql.lastIndexOf("\n", offset - 1) + 1).split("\n", 1)[0] ?? "";
  return { ...positionAt(sql, migration.identifier, offset), excerpt: line.trim().slice(0, 100) };
}

function sayInvalid(indexes: readonly string[]): string {
  return `These indexes are there and not valid: ${indexes.join(", ")}. Drop them first.`;
}

/** By name: what an interrupted CREATE INDEX CONCURRENTLY leaves, which no exit code tells of. */
export async function invalidIndexes(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid ORDER BY 1",
  );
  return rows.map((row) => row.name);
}
