import { describe, expect, it } from "vitest";
import { releaseIn } from "./sim-run.ts";
import { SimWorld } from "./sim-world.ts";

const MANIFEST = "release-manifests/x-staging.yaml";
const PLATFORM = `
platform: sim
modules:
  os: { repository: ./os.git, path: os, migrations: { database: os_db, kind: alembic, directory: backend/alembic } }
  rag: { repository: ./rag.git, path: rag, migrations: { database: rag_db, kind: [python, sql, script], directory: app/migrations, when: afterSoak } }
images:
  os: { module: os, build: { source: { include: [server.js], command: [node, server.js] } } }
services:
  api: { image: os }
environments:
  staging:
    project: mobius-staging
    region: us-central1
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
    databases: { os_db: { user: os, password: pw }, rag_db: { user: rag, password: pw } }
`;
const commit = "1".repeat(40);

function world(os: string, files: Readonly<Record<string, string>> = { "backend/alembic.ini": "[alembic]" }): SimWorld {
  return new SimWorld({
    umbrella: {
      "mobius.yaml": PLATFORM,
      [MANIFEST]: `release_id: x-staging
commits: { os: "${commit}", rag: "${commit}" }
migrations:
  rag: [sql:add_error.sql, python:add_jobs, scripts/land.sh (a data load), python:app.fixes.mend]
  os: [${os}]
`,
    },
    "./os.git": {
      "server.js": "1",
      ...files,
      "backend/alembic/env.py": "from alembic import context",
      "backend/alembic/versions/x.py": 'revision = "r1e2s3o4l5v6"\ndown_revision = None\n',
      "backend/alembic/versions/a.py": 'revision = "r1e2s3o4l5v6u7"\ndown_revision = "r1e2s3o4l5v6"\n',
      "backend/alembic/versions/n.py": 'revision = "newer"\ndown_revision = "r1e2s3o4l5v6u7"\n',
    },
    "./rag.git": {
      "app/migrations/__init__.py": "",
      "app/migrations/add_error.sql": "create table a ()",
      "app/migrations/add_jobs.py": "def migrate(): pass",
      "app/migrations/backfill_embedding_jobs.py": "print()",
      "app/fixes/mend.py": "def run_migration(): pass",
      "scripts/land.sh": "exit 0",
    },
  });
}

describe("migrations of each kind", () => {
  it("run as their kind wants it, in the manifest's order, and those that wait after the soak", async () => {
    const sim = world("r1e2s3o4l5v6u7");
    const { stage, plan } = await releaseIn(sim, MANIFEST, []);
    expect(JSON.stringify(stage)).toContain("succeeded");
    expect(sim.programs).toEqual([
      { kind: "alembic", folder: "backend", revision: "r1e2s3o4l5v6u7" },
      { kind: "python", path: "app/migrations/add_jobs.py" },
      { kind: "script", path: "scripts/land.sh" },
      { kind: "python", path: "app/fixes/mend.py" },
    ]);
    expect(sim.ledger.map(({ identifier }) => identifier)).toEqual([
      "r1e2s3o4l5v6u7",
      ...["app/migrations/add_error.sql", "app/migrations/add_jobs.py", "scripts/land.sh", "app/fixes/mend.py"],
    ]);
    expect(plan.informative.unnamedMigrations).toEqual([
      { module: "os", identifier: "newer" },
      { module: "rag", identifier: "app/migrations/backfill_embedding_jobs.py" },
    ]);
  });

  it.each(["r1e2", "head", "r1e2s3o4l5v6u7x"])("take an id whole, and nothing in its place: %s", async (id) => {
    const sim = world(id);
    await expect(releaseIn(sim, MANIFEST, [])).rejects.toThrow("migration-missing");
    expect(sim.programs).toEqual([]);
  });

  it("are refused before anything is recorded where what runs them is missing", async () => {
    const without = world("r1e2s3o4l5v6");
    without.missingPrograms.add("alembic");
    const unsettled = world("r1e2s3o4l5v6", {});
    for (const [sim, code] of [
      [without, "migration-program-missing"],
      [unsettled, "alembic-settings-missing"],
    ] as const) {
      expect(JSON.stringify((await releaseIn(sim, MANIFEST, [])).stage)).toContain(`"code":"${code}"`);
      expect([sim.ledger, sim.programs]).toEqual([[], []]);
    }
  });
});
