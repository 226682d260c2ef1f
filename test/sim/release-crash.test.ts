import { describe, expect, it } from "vitest";
import { present } from "../../src/core/values/assert.ts";
import { stateName } from "../../src/core/views/project-release.ts";
import { GOOD, MANIFEST, sampleWorld, seedSet } from "./sample-set.ts";
import type { CrashPoint } from "./sim-calls.ts";
import { releaseIn } from "./sim-run.ts";
import { type SimWorld, TRIGGERED } from "./sim-world.ts";

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

async function countCalls(prepare: (sim: SimWorld) => void): Promise<number> {
  const sim = sampleWorld();
  prepare(sim);
  await releaseIn(sim, MANIFEST, []);
  return sim.calls;
}

/** Worlds in which a trigger has started the build that a release would submit. */
async function triggeredWorld(): Promise<() => SimWorld> {
  const sample = sampleWorld();
  await releaseIn(sample, MANIFEST, []);
  const { config } = present([...sample.builds.values()][0], "the release's build");
  return () => {
    const sim = sampleWorld();
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
      const sim = sampleWorld();
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
      const sim = sampleWorld();
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
      const sim = sampleWorld();
      isIll(sim);
      const release = await releaseIn(sim, MANIFEST, [point]);
      expect([point, stateName(release)]).toEqual([point, "failed"]);
      expect([...sim.services.keys()]).toEqual([]);
      checkInvariants(sim);
    }
  }, 60_000);

  it("moves traffic back when the live set is ill, and says that it had moved", async () => {
    const isIll = (sim: SimWorld) => {
      seedSet(sim);
      sim.answer = (url) => ({
        kind: "answered",
        status: url === "http://hub/api/status" ? 503 : 200,
        headers: {},
        body: "{}",
        durationMs: 1,
      });
    };
    for (const point of sides(await countCalls(isIll))) {
      const sim = sampleWorld();
      isIll(sim);
      const before = serving(sim);
      const release = await releaseIn(sim, MANIFEST, [point]);
      expect([point, stateName(release)]).toEqual([point, "rolled-back"]);
      expect(serving(sim)).toEqual(before);
      checkInvariants(sim);
    }
  }, 60_000);
});
