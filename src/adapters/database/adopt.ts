import { judgeMigration } from "../../core/migrations/judge-migration.ts";
import type { EarlierLedger, EarlierRow } from "../../core/migrations/plan-baseline.ts";
import { BASELINE } from "../../core/plan/observed.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Adoption } from "../../ports/databases.ts";
import { withClient } from "./cluster-access.ts";
import { readLedger, recordMigration } from "./ledger.ts";
import { type MigratorContext, withLedger } from "./migrator.ts";

/** More migrations than any database has. */
const ROWS_READ = 10_000;

/**
 * See the port: `Baselines.earlierRows`. As the database's own user: a view of that name would run its owner's functions
 * with the rights of whoever reads it.
 */
export async function readEarlierRows(
  { user }: MigratorContext,
  table: EarlierLedger,
): Promise<readonly EarlierRow[] | undefined> {
  return withClient({ ...user, application_name: "mobius/ledger", statement_timeout: 10_000 }, async (client) => {
    const { rows: found } = await client.query<{ name: string }>("SELECT coalesce(to_regclass($1)::text, '') AS name", [
      table,
    ]);
    const name = found[0]?.name ?? "";
    if (name === "") return undefined;
    const { rows } = await client.query<{ row: EarlierRow }>(
      `SELECT to_jsonb(earlier) AS row FROM ${name} AS earlier LIMIT ${ROWS_READ}`,
    );
    return rows.map(({ row }) => row);
  });
}

/** See the port: `Baselines.adopt`. */
export async function adoptMigrations(context: MigratorContext, adoption: Adoption): Promise<Result<number, Problem>> {
  const { environment, database, module, migrations, source, who } = adoption;
  const identifier = migrations.at(-1)?.identifier ?? "";
  const adopted = await withLedger<Result<number, Problem>>(context, { database, identifier }, async (client) => {
    await client.query("BEGIN");
    const ledger = await readLedger(client);
    let added = 0;
    for (const migration of migrations) {
      const row = { environment, database, module, ...migration, manifest: source, release: BASELINE, who };
      const known = judgeMigration(ledger, row);
      if (!known.ok) {
        await client.query("ROLLBACK");
        return err(known.error);
      }
      if (known.value === "already-applied") continue;
      await recordMigration(client, row, "applied");
      added += 1;
    }
    await client.query("COMMIT");
    return ok(added);
  });
  return adopted.ok ? adopted.value : adopted;
}
