import type { MigrationName } from "../manifest/manifest.ts";
import { identifierOf, withEarlier } from "../migrations/alembic-revisions.ts";
import type { ModuleMigrations } from "../platform/platform.ts";
import { present } from "../values/assert.ts";
import type { Problem } from "../values/problem.ts";
import type { PlannedMigration } from "./plan.ts";
import type { MigrationFile, PlanInput } from "./plan-input.ts";
import { appliedMigrationChanged, migrationMissing, migrationUnsettled } from "./problems.ts";

/** The manifest's migrations in order, each compared with its database's ledger. */
export function planMigrations(input: PlanInput): { planned: PlannedMigration[]; problems: Problem[] } {
  const planned: PlannedMigration[] = [];
  const problems: Problem[] = [...unsettled(input)];
  for (const [module, names] of Object.entries(input.manifest.migrations)) {
    const settings = input.platform.modules[module]?.migrations;
    if (settings === undefined) continue; // the manifest's parser has refused it
    for (const name of names) {
      const outcome = planMigration(input, module, settings, name);
      if ("code" in outcome) problems.push(outcome);
      else planned.push(outcome);
    }
  }
  return { planned, problems };
}

function planMigration(
  input: PlanInput,
  module: string,
  settings: ModuleMigrations,
  { kind, name, where }: MigrationName,
): PlannedMigration | Problem {
  const file = input.migrationFiles[module]?.find((candidate) => identifierOf(candidate) === name);
  if (file === undefined) return migrationMissing(name, module, where);
  const { database, when } = settings;
  const row = present(input.ledgers[database], `ledger of ${database}`).find(
    (candidate) => candidate.module === module && candidate.identifier === name,
  );
  const isApplied = row?.state === "applied";
  if (isApplied && row.checksum !== file.checksum) return appliedMigrationChanged(name, database, where);
  const state = isApplied ? "applied" : "to-apply";
  return { database, module, kind, identifier: name, path: file.path, checksum: file.checksum, when, state };
}

/** Interrupted migrations of the databases that this release would touch. */
function unsettled(input: PlanInput): readonly Problem[] {
  return Object.entries(input.ledgers).flatMap(([database, rows]) =>
    rows
      .filter((row) => row.state === "started")
      .map((row) => migrationUnsettled(input.environment.name, row.identifier, database)),
  );
}

/** Files of the migration folders that are neither applied nor named: most often forgotten ones. */
export function unnamedMigrations(
  input: PlanInput,
): readonly { readonly module: string; readonly identifier: string }[] {
  return Object.entries(input.migrationFiles).flatMap(([module, files]) => {
    const settings = input.platform.modules[module]?.migrations;
    if (settings === undefined) return [];
    const named = (input.manifest.migrations[module] ?? []).map((migration) => migration.name);
    const rows = (input.ledgers[settings.database] ?? []).filter((row) => row.module === module);
    const known = [...named, ...rows.map((row) => row.identifier)];
    // Whoever names a revision names all that come before it.
    const covered = new Set([
      ...known,
      ...withEarlier(
        known,
        files.flatMap((file) => file.revision ?? []),
      ),
    ]);
    return files
      .filter((file) => isMigration(file, settings) && !covered.has(identifierOf(file)))
      .map((file) => ({ module, identifier: identifierOf(file) }));
  });
}

/** Beside its migrations a folder has other files: packages' own, Alembic's environment. */
function isMigration({ path, revision }: MigrationFile, { kinds }: ModuleMigrations): boolean {
  if (revision !== undefined) return true;
  return kinds.some((kind) =>
    kind === "sql" ? path.endsWith(".sql") : kind === "python" && path.endsWith(".py") && !path.endsWith("__init__.py"),
  );
}
