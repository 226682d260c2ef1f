import { classifySql } from "../core/migrations/classify-sql.ts";
import { judgeMigration } from "../core/migrations/judge-migration.ts";
import { postconditionsOf } from "../core/migrations/postconditions.ts";
import { migrationFailed } from "../core/migrations/problems.ts";
import { BASELINE } from "../core/plan/observed.ts";
import { err, ok } from "../core/values/result.ts";
import { Secret } from "../core/values/secret.ts";
import type { Clock } from "./clock.ts";
import type { Databases, LedgerRow, MigrationToApply } from "./databases.ts";

/** A statement that calls a function of this name fails, on a real server too: a sentinel for tests and people. */
const FAILING_FUNCTION = "no_such_function";

/** Databases in memory: SQL is cut and classified as usual, and not carried out. The ledger is real. */
export function createMemoryDatabases({ clock }: { readonly clock: Clock }): Databases {
  const ledgers = new Map<string, LedgerRow[]>();
  const passwords = new Map<string, { readonly user: string; readonly password: Secret }>();
  let backups = 0;

  const ledgerOf = (database: string) => {
    const rows = ledgers.get(database) ?? [];
    ledgers.set(database, rows);
    return rows;
  };
  const record = (migration: MigrationToApply, state: LedgerRow["state"]) => {
    const { database, environment: _, ...row } = migration;
    const rows = ledgerOf(database).filter(
      (other) => other.module !== row.module || other.identifier !== row.identifier,
    );
    ledgers.set(database, [...rows, { ...row, state, at: clock.now() }]);
  };
  const url = (database: string, user: string, password: Secret) =>
    new Secret(
      `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password.reveal())}@localhost/${database}`,
    );

  return {
    async provision(databases) {
      for (const { name, user, password } of databases) passwords.set(name, { user, password });
    },
    url,
    connectionLimit: async () => 100,
    ledger: async (database) => [...ledgerOf(database)],
    async applySql(migration, sql) {
      const file = classifySql(sql, migration.identifier);
      if (!file.ok) return err(file.error[0]);
      const known = judgeMigration(ledgerOf(migration.database), migration);
      if (!known.ok) return known;
      if (known.value === "already-applied") return ok(known.value);
      const failing = file.value.statements.find((statement) => statement.text.includes(FAILING_FUNCTION));
      if (failing === undefined && postconditionsOf(sql).includes("SELECT false")) {
        if (file.value.kind !== "transactional") record(migration, "started");
        const remains = file.value.kind === "transactional" ? "nothing" : "unknown";
        return err(migrationFailed({ migration, reasons: ["Its postcondition is not true."], remains }));
      }
      if (failing === undefined) {
        record(migration, "applied");
        return ok("applied");
      }
      const remains = file.value.kind === "transactional" ? "nothing" : "unknown";
      if (remains === "unknown") record(migration, "started");
      const reasons = [`function ${FAILING_FUNCTION}() does not exist [SQLSTATE 42883]`];
      return err(migrationFailed({ migration, reasons, remains, where: failing.position }));
    },
    async applyScript(migration, { run, postconditions }) {
      const known = judgeMigration(ledgerOf(migration.database), migration);
      if (!known.ok) return known;
      if (known.value === "already-applied") return ok(known.value);
      record(migration, "started");
      const { user = "nobody", password = new Secret("") } = passwords.get(migration.database) ?? {};
      const exitCode = await run(url(migration.database, user, password));
      const broken = postconditions.filter((statement) => statement === "SELECT false");
      if (exitCode === 0 && broken.length === 0) {
        record(migration, "applied");
        return ok("applied");
      }
      const reasons = [
        exitCode === 0 ? "Its postcondition is not true." : `The script ended with exit code ${exitCode}.`,
      ];
      return err(migrationFailed({ migration, reasons, remains: "unknown" }));
    },
    async settle({ database, module, identifier, outcome }) {
      const rows = ledgerOf(database);
      const isMeant = (row: LedgerRow) =>
        row.module === module && row.identifier === identifier && row.state === "started";
      const settled = rows.flatMap((row) => {
        if (!isMeant(row)) return [row];
        return outcome === "applied" ? [{ ...row, state: "applied" as const, at: clock.now() }] : [];
      });
      ledgers.set(database, settled);
      return ok(rows.some(isMeant));
    },
    earlierRows: async () => undefined,
    async adopt({ environment, database, module, migrations, source, who }) {
      const rows: MigrationToApply[] = [];
      for (const migration of migrations) {
        const row = { environment, database, module, ...migration, manifest: source, release: BASELINE, who };
        const known = judgeMigration(ledgerOf(database), row);
        if (!known.ok) return known;
        if (known.value === "new") rows.push(row);
      }
      for (const row of rows) record(row, "applied");
      return ok(rows.length);
    },
    backUp: async (label) => ({ id: `${label}-${++backups}`, bytes: 0, durationMs: 0 }),
  };
}
