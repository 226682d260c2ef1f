import type { EarlierRow } from "../../src/core/migrations/plan-baseline.ts";
import type { ObservedMigration } from "../../src/core/plan/observed.ts";
import { BASELINE } from "../../src/core/plan/observed.ts";
import { ok } from "../../src/core/values/result.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { instant } from "../../src/core/values/time.ts";
import type { EnvironmentPorts } from "../../src/engine/releases/release-ports.ts";
import type { MigrationToApply } from "../../src/ports/databases.ts";

export type SimLedger = (ObservedMigration & { database: string; release: string })[];

/** The databases of a world in memory, which are their ledger; `applied` hears of each migration that changed something.
 * `earlier` has other tools' tables, by `<database>/<table>`. */
export function simDatabases(
  ledger: SimLedger,
  applied: (migration: MigrationToApply) => void,
  earlier: Readonly<Record<string, readonly EarlierRow[]>>,
): EnvironmentPorts["databases"] {
  const row = (database: string, identifier: string) =>
    ledger.find((candidate) => candidate.database === database && candidate.identifier === identifier);
  const apply = (migration: MigrationToApply) => {
    if (row(migration.database, migration.identifier) !== undefined) return ok("already-applied" as const);
    const { database, module, identifier, checksum, release } = migration;
    ledger.push({ database, module, identifier, checksum, release, state: "applied" });
    applied(migration);
    return ok("applied" as const);
  };
  return {
    provision: async () => {},
    url: () => new Secret("postgresql://"),
    connectionLimit: async () => 100,
    ledger: async (database) =>
      ledger
        .filter((candidate) => candidate.database === database)
        .map((r) => ({ ...r, manifest: "", who: "", at: instant(0) })),
    applySql: async (migration) => apply(migration),
    applyScript: async (migration, { run }) => {
      if (row(migration.database, migration.identifier) === undefined) await run(new Secret("postgresql://"));
      return apply(migration);
    },
    settle: async ({ database, module, identifier, outcome }) => {
      const at = ledger.findIndex(
        (each) =>
          each.database === database &&
          each.module === module &&
          each.identifier === identifier &&
          each.state === "started",
      );
      const dirty = ledger[at];
      if (dirty === undefined) return ok(false);
      ledger.splice(at, 1, ...(outcome === "applied" ? [{ ...dirty, state: "applied" as const }] : []));
      return ok(true);
    },
    earlierRows: async (database, table) => earlier[`${database}/${table}`],
    adopt: async ({ database, module, migrations }) => {
      const added = migrations.filter(({ identifier }) => row(database, identifier) === undefined);
      ledger.push(
        ...added.map((each) => ({ database, module, ...each, release: BASELINE, state: "applied" as const })),
      );
      return ok(added.length);
    },
    backUp: async (label) => ({ id: label, bytes: 1, durationMs: 1 }),
  };
}
