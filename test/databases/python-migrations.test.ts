import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabases } from "../../src/adapters/database/databases.ts";
import { findProgram } from "../../src/adapters/executors/find-program.ts";
import { createSupervisors } from "../../src/adapters/executors/supervisors.ts";
import { createSource } from "../../src/adapters/git/source.ts";
import { createScriptRunner } from "../../src/adapters/scripts/script-runner.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { postconditionsOf } from "../../src/core/migrations/postconditions.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { codeOf, migrationOf } from "../../src/ports/databases.contract.ts";
import type { Program } from "../../src/ports/scripts.ts";
import { queryOnce, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";

const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
const HAS_ALEMBIC = findProgram("alembic", PATH, "/") !== undefined;
const HAS_PYTHON = spawnSync("python3", ["-c", "import psycopg2"], { env: { PATH } }).status === 0;
const LONG = 60_000;

if (!HAS_ALEMBIC) console.warn("SKIPPED: migrations with the real alembic, which is not here.");
if (!HAS_PYTHON) console.warn("SKIPPED: migrations of Python, for there is no python3 with psycopg2.");

const CONNECT = 'import os, psycopg2\nconnection = psycopg2.connect(os.environ["DATABASE_URL"])\n';
const revision = (id: string, before: string, table: string) => `from alembic import op
revision = "${id}"
down_revision = ${before}
def upgrade():
    op.execute("CREATE TABLE ${table} ()")
`;
const ALEMBIC = {
  "backend/alembic.ini": "[alembic]\nscript_location = alembic\n",
  "backend/alembic/env.py": `import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`,
  "backend/alembic/versions/z.py": revision("r1e2s3o4l5v6", "None", "first"),
  "backend/alembic/versions/m.py": revision("r1e2s3o4l5v6u7", '"r1e2s3o4l5v6"', "second"),
};
const FILES = {
  ...ALEMBIC,
  "app/migrations/add_jobs.py": `${CONNECT}
async def migrate():
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE jobs ()")
`,
  "app/migrations/run_it.py": `from app.migrations import add_jobs\ndef run_migration():\n    print("found", add_jobs.__name__)\n`,
  "app/migrations/neither.py": 'print("nothing to call")\n',
  "app/migrations/swallows.py": `# postcondition: SELECT to_regclass('chat_threads') IS NOT NULL
${CONNECT}
def migrate():
    try:
        connection.cursor().execute("CREATE TABLE chat_threads (owner no_such_type)")
    except Exception:
        print("skipped or already applied")
`,
};

describe("migrations of Python", () => {
  let cluster: TestCluster;
  let here: Repositories;
  let commit: CommitId;
  let scripts: ReturnType<typeof createScriptRunner>;
  let count = 0;

  beforeAll(async () => {
    [cluster, here] = await Promise.all([startTestCluster(), makeRepositories()]);
    await here.make("os");
    commit = await here.commit("os", FILES);
    await here.push("os");
    const supervisors = createSupervisors({
      installationId: `test-${systemIds.randomHex(6)}`,
      nodePath: process.execPath,
      supervisorScript: resolve(import.meta.dirname, "../../src/main/supervisor.ts"),
      clock: systemClock,
    });
    scripts = createScriptRunner({
      source: createSource({ mirrorsDirectory: join(here.folder, "mirrors"), umbrellaDirectory: here.umbrella }),
      openSupervisor: () =>
        supervisors.open({ name: `scripts-${systemIds.randomHex(4)}`, directory: join(here.folder, "records") }),
      directory: join(here.folder, "scripts"),
      path: PATH,
      find: (name) => findProgram(name, PATH, "/"),
    });
  }, LONG);
  afterAll(async () => {
    await here[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  async function migrated() {
    const databases = createDatabases({
      cluster: cluster.cluster,
      backupsDirectory: join(here.folder, "backups"),
      clock: systemClock,
      ids: systemIds,
      openCopy: () => Promise.reject(new Error("no backup is taken here")),
    });
    const database = `os_${++count}`;
    await databases.provision([{ name: database, user: `os-${count}`, password: new Secret("p@s:s/w%d") }]);
    const query = (sql: string) => queryOnce(cluster.cluster.connect(database), sql);
    const apply = async (identifier: string, program: Program) => {
      const lines: string[] = [];
      const text = (FILES as Readonly<Record<string, string>>)[identifier] ?? "";
      const outcome = await databases.applyScript(migrationOf(database, identifier, text), {
        run: (url) =>
          scripts.run({
            ...{ id: systemIds.randomHex(4), repository: "../os.git", commit, program },
            variables: { DATABASE_URL: url.reveal() },
            onLine: (line) => lines.push(line),
            signal: new AbortController().signal,
          }),
        postconditions: postconditionsOf(text),
      });
      return { outcome: codeOf(outcome), lines, why: outcome.ok ? [] : outcome.error.why };
    };
    const python = (name: string) =>
      apply(`app/migrations/${name}.py`, { kind: "python", path: `app/migrations/${name}.py` });
    return { apply, python, query, ledger: () => databases.ledger(database) };
  }

  it.skipIf(!HAS_PYTHON)("run the one function that a module has, asynchronous or not", { timeout: LONG }, async () => {
    const { python, query } = await migrated();
    expect(await python("add_jobs")).toMatchObject({ outcome: "applied", lines: [] });
    expect(await query("SELECT to_regclass('jobs') IS NOT NULL AS made")).toEqual([{ made: true }]);
    expect(await python("run_it")).toMatchObject({ outcome: "applied", lines: ["found app.migrations.add_jobs"] });
    expect(await python("add_jobs")).toMatchObject({ outcome: "already-applied" });
  });

  it.skipIf(!HAS_PYTHON)("are dirty where a module has no such function", { timeout: LONG }, async () => {
    const { python, ledger } = await migrated();
    const { outcome, lines } = await python("neither");
    expect(outcome).toBe("migration-failed");
    expect(lines).toContain(
      "app/migrations/neither.py must have one function migrate or run_migration; it has neither",
    );
    expect(await ledger()).toMatchObject([{ state: "started" }]);
  });

  it.skipIf(!HAS_PYTHON)("are dirty where one swallows its error and ends well", { timeout: LONG }, async () => {
    const { python, ledger } = await migrated();
    const { outcome, lines, why } = await python("swallows");
    expect([outcome, lines]).toEqual(["migration-failed", ["skipped or already applied"]]);
    expect(why[0]).toBe("Its postcondition is not true: SELECT to_regclass('chat_threads') IS NOT NULL gave [false].");
    expect(await ledger()).toMatchObject([{ state: "started" }]);
  });

  it.skipIf(!HAS_ALEMBIC)(
    "go to exactly the revision named, which begins another's name",
    { timeout: LONG },
    async () => {
      const { apply, query } = await migrated();
      const to = (id: string) => apply(id, { kind: "alembic", folder: "backend", revision: id });
      expect(await to("r1e2s3o4l5v6")).toMatchObject({ outcome: "applied" });
      const state = "SELECT to_regclass('first') IS NOT NULL AS first, to_regclass('second') IS NOT NULL AS second";
      expect(await query(state)).toEqual([{ first: true, second: false }]);
      expect(await query("SELECT version_num FROM alembic_version")).toEqual([{ version_num: "r1e2s3o4l5v6" }]);
      expect(await to("r1e2s3o4l5v6u7")).toMatchObject({ outcome: "applied" });
      expect(await query(state)).toEqual([{ first: true, second: true }]);
    },
  );

  it("say which program they would need", async () => {
    const bare = createScriptRunner({
      ...{ source: createSource({ mirrorsDirectory: here.folder, umbrellaDirectory: here.umbrella }), path: "" },
      ...{ openSupervisor: () => Promise.reject(new Error("nothing is run")), directory: here.folder },
      find: () => undefined,
    });
    expect(await bare.missing({ kind: "alembic", folder: ".", revision: "a" })).toBe("alembic");
    expect(await bare.missing({ kind: "python", path: "a.py" })).toBe("python3");
    expect(await bare.missing({ kind: "script", path: "a.sh" })).toBeUndefined();
  });
});
