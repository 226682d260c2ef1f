import { describe, expect, it } from "vitest";
import { present } from "../../src/core/values/assert.ts";
import { stateName } from "../../src/core/views/project-release.ts";
import { releaseIn } from "./sim-run.ts";
import { type CrashPoint, SimWorld, TRIGGERED } from "./sim-world.ts";

const COMMIT = "1".repeat(40);
const MANIFEST = "release-manifests/x-staging.yaml";

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

function world(): SimWorld {
  return new SimWorld({
    umbrella: { "mobius.yaml": PLATFORM, [MANIFEST]: MANIFEST_TEXT, "hub.js": "hub" },
    "./app.git": { "server.js": "1", "db/001.sql": "create table a ()", "db/002.sql": "create table b ()" },
  });
}

/** What holds after every schedule, however it went. */
function checkInvariants(sim: SimWorld): void {
  const doubled = sim.effects.filter((effect, index) => sim.effects.indexOf(effect) !== index);
  expect(doubled).toEqual([]);
  for (const [name, service] of sim.services) {
    const percents = service.traffic.map((entry) => entry.percent);
    expect([name, percents.reduce((sum, percent) => sum + percent, 0)]).toEqual([name, 100]);
    expect(service.traffic.filter((entry) => entry.percent > 0)).toHaveLength(1);
    for (const entry of service.traffic) expect(service.revisions.has(entry.revision)).toBe(true);
  }
}

/** What has the traffic; a crash may skip a release's number, so numbers above 0 read as 1. */
function serving(sim: SimWorld): Record<string, string> {
  return Object.fromEntries(
    [...sim.services].map(([name, { traffic }]) => [
      name,
      (traffic.find((entry) => entry.percent === 100)?.revision ?? "").replace(/-rel[1-9]\d*-/, "-rel1-"),
    ]),
  );
}

const GOOD = { api: "api-rel1-1", worker: "worker-rel1-1", hub: "hub-rel1-1" };

async function countCalls(prepare: (sim: SimWorld) => void): Promise<number> {
  const sim = world();
  prepare(sim);
  await releaseIn(sim, MANIFEST, []);
  return sim.calls;
}

/** Worlds in which a trigger has started the build that a release would submit. */
async function triggeredWorld(): Promise<() => SimWorld> {
  const sample = world();
  await releaseIn(sample, MANIFEST, []);
  const { config } = present([...sample.builds.values()][0], "the release's build");
  return () => {
    const sim = world();
    sim.builds.set("b-t", { id: "b-t", config: { ...config, tags: [TRIGGERED] }, status: "WORKING", detail: "" });
    sim.triggered = { manifestPath: MANIFEST, project: "mobius-staging", trigger: "t-1", logUrl: "http://log/b-t" };
    return sim;
  };
}

function sides(calls: number): readonly CrashPoint[] {
  return Array.from({ length: calls }, (_, index) => index + 1).flatMap((call) => [
    { call, side: "before" as const },
    { call, side: "after" as const },
  ]);
}

describe("a server killed at every call of a release", () => {
  it("releases the set all the same, with every effect once", async () => {
    const points = sides(await countCalls(() => {}));
    expect(points.length).toBeGreaterThan(100);
    for (const point of points) {
      const sim = world();
      const release = await releaseIn(sim, MANIFEST, [point]);
      expect([point, stateName(release)]).toEqual([point, "succeeded"]);
      expect(serving(sim)).toEqual(GOOD);
      expect(sim.ledger).toHaveLength(2);
      expect(sim.written).toHaveLength(1);
      checkInvariants(sim);
    }
  }, 60_000);

  it("releases the set when it is killed again while it recovers", async () => {
    const calls = await countCalls(() => {});
    for (let call = 3; call < calls; call += 7) {
      const sim = world();
      const schedule: CrashPoint[] = [
        { call, side: call % 2 === 0 ? "before" : "after" },
        { call: 1 + (call % 40), side: "after" },
      ];
      const release = await releaseIn(sim, MANIFEST, schedule);
      expect([schedule, stateName(release)]).toEqual([schedule, "succeeded"]);
      expect(serving(sim)).toEqual(GOOD);
      checkInvariants(sim);
    }
  }, 60_000);

  it("releases the set once when a trigger's build opens the release", async () => {
    const triggered = await triggeredWorld();
    const first = triggered();
    expect(stateName(await releaseIn(first, MANIFEST, []))).toBe("succeeded");
    for (const point of sides(first.calls)) {
      const sim = triggered();
      const release = await releaseIn(sim, MANIFEST, [point]);
      expect([point, stateName(release)]).toEqual([point, "succeeded"]);
      expect([release.requestId, release.trigger]).toEqual(["build:b-t", "t-1"]);
      expect(sim.builds.size).toBe(1);
      expect(serving(sim)).toEqual(GOOD);
      expect(sim.written).toHaveLength(1);
      checkInvariants(sim);
    }
  }, 60_000);

  it("leaves nothing of a first release whose candidate is ill", async () => {
    const isIll = (sim: SimWorld) => {
      sim.answer = (url) => ({
        kind: "answered",
        status: url.startsWith("http://candidate.hub") ? 500 : 200,
        headers: {},
        body: "{}",
        durationMs: 1,
      });
    };
    for (const point of sides(await countCalls(isIll))) {
      const sim = world();
      isIll(sim);
      const release = await releaseIn(sim, MANIFEST, [point]);
      expect([point, stateName(release)]).toEqual([point, "failed"]);
      expect([...sim.services.keys()]).toEqual([]);
      checkInvariants(sim);
    }
  }, 60_000);

  it("moves traffic back when the live set is ill, and says that it had moved", async () => {
    const isIll = (sim: SimWorld) => {
      seed(sim);
      sim.answer = (url) => ({
        kind: "answered",
        status: url === "http://hub/api/status" ? 503 : 200,
        headers: {},
        body: "{}",
        durationMs: 1,
      });
    };
    for (const point of sides(await countCalls(isIll))) {
      const sim = world();
      isIll(sim);
      const before = serving(sim);
      const release = await releaseIn(sim, MANIFEST, [point]);
      expect([point, stateName(release)]).toEqual([point, "rolled-back"]);
      expect(serving(sim)).toEqual(before);
      checkInvariants(sim);
    }
  }, 60_000);
});

/** A set that serves already, made by an earlier release. */
function seed(sim: SimWorld): void {
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
