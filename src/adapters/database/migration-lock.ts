import type { Client } from "pg";
import { migrationBlocked } from "../../core/migrations/problems.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { MigrationToApply } from "../../ports/databases.ts";

/** The advisory lock of all migrations of a database: "ledger" as a number. Advisory locks belong to one database. */
const LOCK = 0x6c6564676572;

const LOOK_EVERY_MS = 100;

/**
 * Takes the database's migration lock on this very connection, which then migrates: whoever gets it knows that no
 * session of an earlier migrator is left. One whose program was killed goes on until its server notices, which
 * `client_connection_check_interval` makes a matter of seconds. It is polled for: a session that waits within a
 * statement would hold a snapshot, and CREATE INDEX CONCURRENTLY waits for those.
 */
export async function takeMigrationLock(
  client: Client,
  subject: Pick<MigrationToApply, "database" | "identifier">,
  { clock, waitMs }: { readonly clock: Clock; readonly waitMs: number },
): Promise<Result<undefined, Problem>> {
  const deadlineMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>("SELECT pg_try_advisory_lock($1) AS taken", [LOCK]);
    if (rows[0]?.taken === true) return ok(undefined);
    if (clock.monotonicMs() > deadlineMs) return err(migrationBlocked(subject, await holderOf(client)));
    await clock.sleep(LOOK_EVERY_MS);
  }
}

async function holderOf(client: Client): Promise<{ pid: number; application: string; forMs: number }> {
  const { rows } = await client.query<{ pid: number; application: string; for_ms: number }>(
    `SELECT a.pid, a.application_name AS application,
        (extract(epoch FROM clock_timestamp() - a.backend_start) * 1000)::double precision AS for_ms
      FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32 | l.objid::bigint) = $1`,
    [LOCK],
  );
  const [row] = rows;
  return row === undefined
    ? { pid: 0, application: "gone meanwhile", forMs: 0 }
    : { pid: row.pid, application: row.application, forMs: row.for_ms };
}
