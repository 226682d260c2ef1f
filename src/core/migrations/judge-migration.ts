import type { Problem } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import { type EarlierRun, type MigrationFile, migrationChanged, migrationDirty } from "./problems.ts";

/** A row of the migration ledger, as far as it decides. */
export interface LedgerEntry extends EarlierRun {
  readonly module: string;
  readonly state: "started" | "applied";
}

/** What a database's ledger says to a migration: nothing may follow a started one, and none is applied twice. */
export function judgeMigration(
  ledger: readonly LedgerEntry[],
  migration: MigrationFile & { readonly module: string },
): Result<"already-applied" | "new", Problem> {
  const dirty = ledger.find((row) => row.state === "started");
  if (dirty !== undefined) return err(migrationDirty(migration, dirty));
  const row = ledger.find((entry) => entry.module === migration.module && entry.identifier === migration.identifier);
  if (row === undefined) return ok("new");
  return row.checksum === migration.checksum ? ok("already-applied") : err(migrationChanged(migration, row));
}
