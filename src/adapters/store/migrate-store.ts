import { Client, type ClientConfig } from "pg";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import { storeNewer, storeUnreachable } from "./problems.ts";
import { STORE_MIGRATIONS } from "./schema.ts";
import { isConnectionLoss } from "./store-connection.ts";

/** The advisory lock of the store's migrations: "mobius" as a number. */
const LOCK = 0x6d6f62697573;

const REACH_WITHIN_MS = 15_000;
const PAUSE_MS = 200;

/** Brings the schema up to date, and refuses one that is newer than this program. Two that start at once take turns. */
export async function migrateStore(connection: ClientConfig, clock: Clock): Promise<Result<undefined, Problem>> {
  const deadlineMs = clock.monotonicMs() + REACH_WITHIN_MS;
  for (;;) {
    const client = new Client({
      application_name: "mobius/store-schema",
      ...connection,
      connectionTimeoutMillis: 5_000,
      lock_timeout: 30_000,
    });
    client.on("error", () => {}); // the statement's own rejection says it
    try {
      await client.connect();
      return await migrateOver(client);
    } catch (error) {
      const hasRefused = /^(28|3D)/.test(error instanceof Error && "code" in error ? String(error.code) : "");
      if (!hasRefused && !isConnectionLoss(error)) throw error;
      if (hasRefused || clock.monotonicMs() > deadlineMs) return err(storeUnreachable(reasonOf(error)));
    } finally {
      await client.end().catch(() => {});
    }
    await clock.sleep(PAUSE_MS);
  }
}

async function migrateOver(client: Client): Promise<Result<undefined, Problem>> {
  await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS mobius;
    CREATE TABLE IF NOT EXISTS mobius.store_migrations (
      version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now()
    );`);
  const { rows } = await client.query<{ version: number }>(
    "SELECT coalesce(max(version), 0) AS version FROM mobius.store_migrations",
  );
  const found = rows[0]?.version ?? 0;
  if (found > STORE_MIGRATIONS.length) return err(storeNewer(found, STORE_MIGRATIONS.length));
  for (const [index, sql] of STORE_MIGRATIONS.entries()) {
    if (index < found) continue;
    await client.query("BEGIN");
    await client.query(sql);
    await client.query("INSERT INTO mobius.store_migrations (version) VALUES ($1)", [index + 1]);
    await client.query("COMMIT");
  }
  return ok(undefined);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
