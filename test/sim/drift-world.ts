import type { DriftReport } from "../../src/engine/releases/drift-desk.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { releaseIn } from "./sim-run.ts";
import { SimWorld } from "./sim-world.ts";

const MANIFEST = "release-manifests/x-staging.yaml";
/** A platform with one of each kind of thing that drifts. */
export const PLATFORM = `
platform: sim
modules:
  app: { repository: ./app.git, path: app, migrations: { database: app_db, kind: sql, directory: db } }
images:
  app: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } }
services:
  api: { image: app, env: { MODE: plain }, secrets: { KEY: "app-key:latest" } }
  nightly: { image: app, role: job }
environments:
  staging:
    project: mobius-staging
    region: us-central1
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
    databases: { app_db: { user: app, password: pw } }
`;

/** A world in which one release made a service, a job and a database. */
export async function driftWorld(): Promise<SimWorld> {
  const sim = new SimWorld({
    umbrella: {
      "mobius.yaml": PLATFORM,
      [MANIFEST]: `release_id: x-staging\ncommits:\n  app: "${"1".repeat(40)}"\nmigrations:\n  app: [sql:001.sql]\n`,
    },
    "./app.git": { "server.js": "1", "db/001.sql": "create table a ()" },
  });
  await releaseIn(sim, MANIFEST, []);
  return sim;
}

/** A new engine on it. */
export async function engineOf(sim: SimWorld): Promise<ReleaseEngine> {
  const engine = new ReleaseEngine(sim.ports(), () => {});
  await engine.start();
  return engine;
}

/** One look at it. */
export async function look(engine: ReleaseEngine): Promise<DriftReport> {
  const found = await engine.drift.look("staging");
  if (!found.ok) throw new Error(found.error[0].summary);
  return found.value;
}

/** Its differences as text. */
export const lines = ({ drifts }: DriftReport) =>
  drifts.map(({ subject, field, expected, observed }) => `${subject}, ${field}: ${expected} → ${observed}`);
