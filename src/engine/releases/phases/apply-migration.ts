import { parseRevision, withLater } from "../../../core/migrations/alembic-revisions.ts";
import { postconditionsOf } from "../../../core/migrations/postconditions.ts";
import type { PlannedCommit, PlannedMigration } from "../../../core/plan/plan.ts";
import { present } from "../../../core/values/assert.ts";
import { digestOf } from "../../../core/values/digest.ts";
import type { Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import type { Program } from "../../../ports/scripts.ts";
import { alembicFolderMissing, migrationFileMoved, migrationProgramMissing } from "../migration-problems.ts";
import type { PhaseContext } from "../phase-context.ts";

/** Applies one migration of the plan, as its kind wants it. */
export async function applyMigration(
  context: PhaseContext,
  migration: PlannedMigration,
): Promise<Result<"applied" | "already-applied", Problem>> {
  const { release, ports, environmentPorts } = context;
  const { plan, id, requestedBy } = release();
  const source = present(
    plan.actions.commits.find((commit) => commit.module === migration.module),
    `commit of ${migration.module}`,
  );
  const { database, module, identifier, checksum } = migration;
  const request = {
    environment: plan.environment,
    database,
    module,
    identifier,
    checksum,
    manifest: plan.manifest.file,
    release: id,
    who: requestedBy,
  };
  const text = present(
    await ports.source.readFile(source.repository, source.commit, migration.path),
    `${migration.path} at ${source.commit}`,
  );
  // The plan covers the checksum; a file that reads differently under the same commit would be a fault of ours.
  if (digestOf(text) !== checksum) return err(migrationFileMoved(migration.identifier));
  if (migration.kind === "sql") return environmentPorts.databases.applySql(request, text);
  const program = await programOf(context, source, migration);
  if (!program.ok) return program;
  const missing = await ports.scripts.missing(program.value);
  if (missing !== undefined) return err(migrationProgramMissing(identifier, migration.kind, missing));
  const run = {
    id: `${id}-${module}-${identifier.replaceAll(/[^a-zA-Z0-9._-]/g, "-")}`.toLowerCase(),
    repository: source.repository,
    commit: source.commit,
    program: program.value,
    onLine: (line: string) => void context.note(line),
    signal: context.signal,
  };
  const reached = migration.kind === "alembic" ? [await revisionReached(context, source, migration)] : [];
  return environmentPorts.databases.applyScript(request, {
    run: (url) => ports.scripts.run({ ...run, variables: { DATABASE_URL: url.reveal() } }),
    postconditions: [...reached, ...postconditionsOf(text)],
  });
}

async function programOf(
  { ports }: PhaseContext,
  { repository, commit }: PlannedCommit,
  { kind, path, identifier }: PlannedMigration,
): Promise<Result<Program, Problem>> {
  if (kind !== "alembic") return ok({ kind: kind === "python" ? "python" : "script", path });
  // Alembic runs where its settings are: the nearest folder around the revision that has them.
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    const settings = folder === "." ? "alembic.ini" : `${folder}/alembic.ini`;
    if ((await ports.source.readFile(repository, commit, settings)) !== undefined) {
      return ok({ kind, folder, revision: identifier });
    }
    if (folder === ".") return err(alembicFolderMissing(identifier, path));
  }
}

/** Alembic's own table has to say that it came this far: an `env.py` that went to another database would not have. */
async function revisionReached(
  { ports }: PhaseContext,
  { repository, commit }: PlannedCommit,
  { path, identifier }: PlannedMigration,
): Promise<string> {
  const entries = await ports.source.list(repository, commit, folderOf(path));
  const texts = await Promise.all(entries.map((entry) => ports.source.readFile(repository, commit, entry.path)));
  const later = withLater(
    identifier,
    texts.flatMap((text) => parseRevision(text ?? "") ?? []),
  );
  const literals = later.map((revision) => `'${revision.replaceAll("'", "''")}'`);
  return `SELECT EXISTS (SELECT FROM alembic_version WHERE version_num IN (${literals.join(", ")}))`;
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end === -1 ? "." : path.slice(0, end);
}
