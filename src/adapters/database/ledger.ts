import type { Client } from "pg";
import { digest } from "../../core/values/digest.ts";
import { instant } from "../../core/values/time.ts";
import type { LedgerRow, MigrationToApply, Settlement } from "../../ports/databases.ts";
import { sqlStateOf } from "./cluster-access.ts";

interface Row {
  readonly module: string;
  readonly identifier: string;
  readonly checksum: string;
  readonly manifest: string;
  readonly release: string;
  readonly who: string;
  readonly state: LedgerRow["state"];
  readonly at_ms: number;
}

/** Makes the ledger in a database that has none. Call it under the migration lock. */
export async function ensureLedger(client: Client): Promise<void> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS mobius;
    CREATE TABLE IF NOT EXISTS mobius.migration_ledger (
      module text NOT NULL,
      identifier text NOT NULL,
      checksum text NOT NULL,
      manifest text NOT NULL,
      release text NOT NULL,
      who text NOT NULL,
      state text NOT NULL CHECK (state IN ('started', 'applied')),
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (module, identifier)
    );`);
}

/** All rows, oldest first; empty when the database has no ledger. */
export async function readLedger(client: Client): Promise<readonly LedgerRow[]> {
  try {
    const { rows } = await client.query<Row>(
      `SELECT module, identifier, checksum, manifest, release, who, state,
          round(extract(epoch FROM at) * 1000)::double precision AS at_ms
        FROM mobius.migration_ledger ORDER BY at, module, identifier`,
    );
    return rows.map(({ at_ms, checksum, ...row }) => ({ ...row, checksum: digest(checksum), at: instant(at_ms) }));
  } catch (error) {
    // No such table, no such schema.
    if (["42P01", "3F000"].includes(sqlStateOf(error) ?? "")) return [];
    throw error;
  }
}

/** Adds the migration's row; within a transaction it counts when that commits. */
export async function recordMigration(
  client: Client,
  migration: MigrationToApply,
  state: LedgerRow["state"],
): Promise<void> {
  const { module, identifier, checksum, manifest, release, who } = migration;
  await client.query(
    `INSERT INTO mobius.migration_ledger (module, identifier, checksum, manifest, release, who, state)
      VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [module, identifier, checksum, manifest, release, who, state],
  );
}

/** Does with the `started` row as a person says; false when there is none. */
export async function settleRow(
  client: Client,
  { module, identifier, outcome }: Pick<Settlement, "module" | "identifier" | "outcome">,
): Promise<boolean> {
  const isMeant = "WHERE module = $1 AND identifier = $2 AND state = 'started'";
  const statement =
    outcome === "applied"
      ? `UPDATE mobius.migration_ledger SET state = 'applied', at = clock_timestamp() ${isMeant}`
      : `DELETE FROM mobius.migration_ledger ${isMeant}`;
  const { rowCount } = await client.query(statement, [module, identifier]);
  return rowCount === 1;
}

/** Turns this release's `started` row into `applied`; nothing happens when it is already. */
export async function recordApplied(client: Client, { module, identifier, release }: MigrationToApply): Promise<void> {
  await client.query(
    `UPDATE mobius.migration_ledger SET state = 'applied', at = clock_timestamp()
      WHERE module = $1 AND identifier = $2 AND release = $3 AND state = 'started'`,
    [module, identifier, release],
  );
}
