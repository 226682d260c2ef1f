import type { Client, ClientConfig } from "pg";
import { classifySql } from "../../core/migrations/classify-sql.ts";
import { judgeMigration } from "../../core/migrations/judge-migration.ts";
import { migrationFailed } from "../../core/migrations/problems.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { Clock } from "../../ports/clock.ts";
import type { MigrationProgram, MigrationToApply } from "../../ports/databases.ts";
import { brokenPostconditions } from "./check-postconditions.ts";
import { type ClusterAccess, withClient } from "./cluster-access.ts";
import { ensureLedger, readLedger, recordApplied, recordMigration } from "./ledger.ts";
import { takeMigrationLock } from "./migration-lock.ts";
import { invalidIndexes, runAsItIs, runInTransaction, type SqlRun } from "./run-sql.ts";

/** How long a migration may wait and run, in milliseconds. */
export interface MigrationLimits {
  /** For another migrator of the same database. */
  readonly waitMs: number;
  /** For a lock on a table: readers and writers queue up behind a statement that waits. */
  readonly lockMs: number;
  readonly statementMs: number;
}

/** What a migration needs. `user` reaches the database under its migrate identity. */
export interface MigratorContext {
  readonly cluster: ClusterAccess;
  readonly user: ClientConfig;
  readonly clock: Clock;
  readonly limits: MigrationLimits;
}

type Outcome = Result<"applied" | "already-applied", Problem>;

/** See the port: `Databases.applySql`. */
export async function applySqlMigration(
  context: MigratorContext,
  migration: MigrationToApply,
  sql: string,
): Promise<Outcome> {
  const file = classifySql(sql, migration.identifier);
  if (!file.ok) return err(together(file.error));
  const outcome = await underLock(context, migration, async (client) => {
    const run: SqlRun = {
      ...{ client, migration, sql, file: file.value, blockers: () => blockersOf(context, migration) },
      invalidIndexes: () => withClient(context.cluster.connect(migration.database), invalidIndexes),
    };
    if (file.value.kind === "transactional") return runInTransaction(run);
    const ran = await runAsItIs(run);
    if (ran.ok) await finish(context, client, migration);
    return ran;
  });
  if (!outcome.ok) return outcome;
  if (outcome.value.result !== "commit-unknown") return ok(outcome.value.result);
  return settleCommit(context, migration, outcome.value.backend);
}

/** See the port: `Databases.applyScript`. */
export async function applyScriptMigration(
  context: MigratorContext,
  migration: MigrationToApply,
  { run, postconditions, url }: MigrationProgram & { readonly url: Secret },
): Promise<Outcome> {
  const outcome = await underLock<"applied">(context, migration, async (client) => {
    await recordMigration(client, migration, "started");
    const exitCode = await run(url);
    if (exitCode !== 0) {
      const reasons = [`The script ended with exit code ${exitCode}.`];
      return err(migrationFailed({ migration, reasons, remains: "unknown" }));
    }
    const broken = await afterLoss(context, client, (alive) => brokenPostconditions(alive, postconditions));
    if (broken.length > 0) return err(migrationFailed({ migration, reasons: broken, remains: "unknown" }));
    await finish(context, client, migration);
    return ok("applied");
  });
  return outcome.ok ? ok(outcome.value.result) : outcome;
}

/** Records the migration as applied. */
async function finish(context: MigratorContext, client: Client, migration: MigrationToApply): Promise<void> {
  await afterLoss(context, client, (alive) => recordApplied(alive, migration));
}

/**
 * A migration may run for hours, and the connection with its lock may be gone then. What is left to do a new one does, for
 * the `started` row has kept everybody else out.
 */
async function afterLoss<T>(
  { user }: MigratorContext,
  client: Client,
  work: (alive: Client) => Promise<T>,
): Promise<T> {
  const isAlive = await client.query("SELECT 1").then(
    () => true,
    () => false,
  );
  return isAlive ? work(client) : withClient(user, work);
}

/** Works on a database's ledger under its migration lock, without migrating. */
export async function withLedger<T>(
  { user, clock, limits }: MigratorContext,
  subject: Pick<MigrationToApply, "database" | "identifier">,
  work: (client: Client) => Promise<T>,
): Promise<Result<T, Problem>> {
  return withClient({ ...user, application_name: "mobius/ledger", lock_timeout: limits.lockMs }, async (client) => {
    const locked = await takeMigrationLock(client, subject, { clock, waitMs: limits.waitMs });
    if (!locked.ok) return locked;
    await ensureLedger(client);
    return ok(await work(client));
  });
}

/** Connects, takes the lock, and asks the ledger first. */
async function underLock<T extends string>(
  { user, clock, limits }: MigratorContext,
  migration: MigrationToApply,
  work: (client: Client) => Promise<Result<T, Problem>>,
): Promise<Result<{ readonly result: T | "already-applied"; readonly backend: number }, Problem>> {
  const config: ClientConfig = {
    ...user,
    application_name: applicationName(migration),
    lock_timeout: limits.lockMs,
    statement_timeout: limits.statementMs,
    keepAlive: true,
  };
  return withClient(config, async (client) => {
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const backend = rows[0]?.pid ?? 0;
    const locked = await takeMigrationLock(client, migration, { clock, waitMs: limits.waitMs });
    if (!locked.ok) return locked;
    await ensureLedger(client);
    const known = judgeMigration(await readLedger(client), migration);
    if (!known.ok) return known;
    if (known.value === "already-applied") return ok({ result: known.value, backend });
    const outcome = await work(client);
    return outcome.ok ? ok({ result: outcome.value, backend }) : outcome;
  });
}

/** The answer to COMMIT was lost: once the old backend is gone, the ledger knows what became of it. */
async function settleCommit(
  { cluster, clock, limits }: MigratorContext,
  migration: MigrationToApply,
  backend: number,
): Promise<Outcome> {
  return withClient(cluster.connect(migration.database), async (client) => {
    const deadlineMs = clock.monotonicMs() + limits.waitMs;
    while (await isAlive(client, backend, migration)) {
      if (clock.monotonicMs() > deadlineMs) break;
      await clock.sleep(50);
    }
    const outcome = judgeMigration(await readLedger(client), migration);
    if (!outcome.ok) return outcome;
    if (outcome.value === "already-applied") return ok("applied");
    const reasons = [
      "The connection was lost while its transaction was being committed, and the ledger has no row of it.",
    ];
    return err(migrationFailed({ migration, reasons, remains: "nothing" }));
  });
}

async function isAlive(client: Client, backend: number, migration: MigrationToApply): Promise<boolean> {
  const { rows } = await client.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND application_name = $2", [
    backend,
    applicationName(migration),
  ]);
  return rows.length > 0;
}

/** So that a session can be traced to its release. PostgreSQL keeps 63 bytes of it, in ASCII. */
function applicationName({ release, identifier }: MigrationToApply): string {
  const name = `mobius/${release}/${identifier}`.replaceAll(/[^\x20-\x7e]/g, "?");
  return name.slice(0, 63);
}

/** The longest open transactions of the database: one of them most likely holds the lock. */
async function blockersOf({ cluster }: MigratorContext, migration: MigrationToApply): Promise<readonly string[]> {
  const { rows } = await withClient(cluster.connect(migration.database), (client) =>
    client.query<{ pid: number; usename: string; application_name: string; state: string; since: string }>(
      `SELECT pid, usename, application_name, state, to_char(xact_start, 'HH24:MI:SS TZ') AS since
        FROM pg_stat_activity
        WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
          AND application_name <> $1
        ORDER BY xact_start LIMIT 3`,
      [applicationName(migration)],
    ),
  );
  return rows.map(
    (row) =>
      `Open transaction of ${row.usename} (${row.application_name || "unnamed"}, process ${row.pid}, ${row.state}) since ${row.since}.`,
  );
}

/** All problems of a file in one, for a caller that takes one. */
function together([first, ...others]: NonEmpty<Problem>): Problem {
  const more = others.map(
    ({ summary, where }) => `${where === undefined ? "" : `${where.line}:${where.column}: `}${summary}`,
  );
  return { ...first, why: [...first.why, ...more] };
}
