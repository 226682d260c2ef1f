import type { Problem } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { LedgerEntry } from "./judge-migration.ts";
import { migrationAmbiguous, migrationNotDirty, migrationUnknown } from "./problems.ts";

/** A row and the database in whose ledger it stands. */
export type PlacedEntry = LedgerEntry & { readonly database: string };

/** How a person names a migration; database and module only where its name is not enough. */
export interface NamedMigration {
  readonly identifier: string;
  readonly database?: string;
  readonly module?: string;
}

/** The dirty migration that a person means, by its whole name: a beginning of it could be another one's name. */
export function findDirty(
  environment: string,
  rows: readonly PlacedEntry[],
  { identifier, database, module }: NamedMigration,
): Result<PlacedEntry, Problem> {
  const named = rows.filter(
    (row) =>
      row.identifier === identifier &&
      (database === undefined || row.database === database) &&
      (module === undefined || row.module === module),
  );
  const dirty = named.filter((row) => row.state === "started");
  const [first, ...others] = dirty;
  if (first !== undefined && others.length > 0) {
    return err(
      migrationAmbiguous(
        environment,
        identifier,
        dirty.map((row) => `Database ${row.database}, module ${row.module}.`),
      ),
    );
  }
  if (first !== undefined) return ok(first);
  const [settled] = named;
  if (settled !== undefined) return err(migrationNotDirty(settled.database, settled));
  const all = rows.filter((row) => row.state === "started").map((row) => row.identifier);
  return err(migrationUnknown(environment, identifier, all));
}
