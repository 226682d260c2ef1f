/** The small platform that crashes are tried on: two APIs that need one another, a worker, and a database. */
import { SimWorld } from "./sim-world.ts";

const COMMIT = "1".repeat(40);
/** The manifest of the release. */
export const MANIFEST = "release-manifests/x-staging.yaml";

const PLATFORM = `
platform: sim
git: { writeBack: main }
modules:
  app:
    repository: ./app.git
    path: app
    migrations: { database: app_db, kind: sql, directory: db }
  hub: { path: . }
images:
  app: { module: app, build: { source: { include: [server.js], command: [node, server.js] } } }
  app-worker: { sameAs: app }
  hub: { module: hub, build: { source: { include: [hub.js], command: [node, hub.js] } } }
services:
  api: { image: app, role: api, run: { port: 8080 }, env: { HUB: "\${services.hub.url}" }, health: { path: /health } }
  worker: { image: app-worker, role: worker, run: { command: [node, worker.js], minInstances: 1, maxInstances: 1, cpuThrottling: false } }
  hub: { image: hub, role: api, run: { port: 8080 }, env: { API: "\${services.api.url}" }, health: { path: /health } }
environments:
  staging:
    project: mobius-staging
    region: us-central1
    cloud: embedded
    registry: gcr.io/mobius-staging
    identities: { build: b, deploy: d, migrate: m, runtime: r }
    databases: { app_db: { user: app, password: pw } }
    policies: { rehearsal: true, soak: 1s }
checks:
  - { http: "\${services.hub.url}/api/status", expect: { status: 200 }, tries: 1, within: 5s }
`;

const MANIFEST_TEXT = `release_id: x-staging
commits:
  app: "${COMMIT}"
migrations:
  app: [sql:001.sql, sql:002.sql]
`;

/** A world in which nothing was released yet. */
export function sampleWorld(): SimWorld {
  return new SimWorld({
    umbrella: { "mobius.yaml": PLATFORM, [MANIFEST]: MANIFEST_TEXT, "hub.js": "hub" },
    "./app.git": { "server.js": "1", "db/001.sql": "create table a ()", "db/002.sql": "create table b ()" },
  });
}

/** What serves after a release. */
export const GOOD = { api: "api-rel1-1", worker: "worker-rel1-1", hub: "hub-rel1-1" };

/** A set that serves already, made by an earlier release. */
export function seedSet(sim: SimWorld): void {
  for (const name of Object.keys(GOOD)) {
    const revision = `${name}-rel0-1`;
    const template = {
      image: `gcr.io/mobius-staging/${name}@sha256:${"0".repeat(64)}`,
      command: [],
      args: [],
      port: 8080,
      env: {},
      memory: "512Mi",
      cpu: 1,
      cpuThrottling: true,
      minInstances: 0,
      maxInstances: 1,
      concurrency: 80,
      timeoutSeconds: 300,
      serviceAccount: "r",
      cloudsqlInstances: [],
      startup: { path: "/", withinSeconds: 10 },
    };
    sim.services.set(name, {
      traffic: [{ revision, percent: 100 }],
      revisions: new Map([[revision, { template, labels: {} }]]),
    });
  }
}
