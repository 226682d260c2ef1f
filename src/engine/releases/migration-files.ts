import type { Manifest } from "../../core/manifest/manifest.ts";
import { parseRevision } from "../../core/migrations/alembic-revisions.ts";
import type { MigrationFile, ResolvedCommit } from "../../core/plan/plan-input.ts";
import type { ModuleMigrations, Platform } from "../../core/platform/platform.ts";
import { digestOf } from "../../core/values/digest.ts";
import type { Source } from "../../ports/source.ts";

/** Module → its migration files at its commit: those of its folder, and those that the manifest names besides. */
export async function gatherMigrations(
  source: Source,
  platform: Platform,
  manifest: Pick<Manifest, "migrations">,
  commits: Readonly<Record<string, ResolvedCommit>>,
): Promise<Record<string, readonly MigrationFile[]>> {
  const gathered = await Promise.all(
    Object.values(platform.modules).map(async ({ name, migrations }) => {
      const commit = commits[name];
      if (migrations === undefined || commit === undefined) return [];
      const named = (manifest.migrations[name] ?? []).map((migration) => migration.name);
      return [[name, await migrationFiles(source, commit, { migrations, named })] as const];
    }),
  );
  return Object.fromEntries(gathered.flat());
}

/** The migration files of a module's folder at a commit, and those named besides. */
export async function migrationFiles(
  source: Source,
  commit: Pick<ResolvedCommit, "repository" | "commit">,
  { migrations, named }: { readonly migrations: ModuleMigrations; readonly named: readonly string[] },
): Promise<readonly MigrationFile[]> {
  const { directory, kinds } = migrations;
  const inFolder = await source.list(commit.repository, commit.commit, directory);
  const paths = [...new Set([...inFolder.map((entry) => entry.path), ...named])];
  const files = await Promise.all(
    paths.map(async (path): Promise<readonly MigrationFile[]> => {
      const text = await source.readFile(commit.repository, commit.commit, path);
      if (text === undefined) return [];
      const revision = kinds.includes("alembic") && path.endsWith(".py") ? parseRevision(text) : undefined;
      return [{ path, checksum: digestOf(text), ...(revision === undefined ? {} : { revision }) }];
    }),
  );
  return files.flat();
}
