import { describe, expect, it } from "vitest";
import { decide } from "../../src/core/release/decide.ts";
import { actorId, type ReleaseId } from "../../src/core/values/ids.ts";
import { stateName } from "../../src/core/views/project-release.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { flagWorld, NEW, OLD } from "./flag-set.ts";
import type { CrashPoint } from "./sim-calls.ts";
import { type Ask, releaseIn } from "./sim-run.ts";
import type { SimWorld } from "./sim-world.ts";

/** A world in which the old manifest was released, and the new one after it. */
async function world(): Promise<SimWorld> {
  const sim = flagWorld();
  expect(stateName(await releaseIn(sim, OLD, []))).toBe("succeeded");
  expect(stateName(await releaseIn(sim, NEW, []))).toBe("succeeded");
  return sim;
}

function serving(sim: SimWorld): Record<string, string | undefined> {
  return Object.fromEntries(
    [...sim.services].map(([name, { traffic }]) => [name, traffic.find(({ percent }) => percent === 100)?.revision]),
  );
}

const AT = { old: allAt("rel1-1"), new: allAt("rel2-1") };

function allAt(release: string): Record<string, string> {
  return Object.fromEntries(["api", "hub", "worker"].map((name) => [name, `${name}-${release}`]));
}

function back(to?: ReleaseId): Ask {
  const asked = { requestId: "rollback-1", trigger: "manual:grace", actor: actorId("person", "grace") } as const;
  return (engine) => engine.rollback({ environment: "staging", ...asked, ...(to === undefined ? {} : { to }) });
}

async function engineOf(sim: SimWorld): Promise<ReleaseEngine> {
  const engine = new ReleaseEngine(sim.ports(), () => {});
  await engine.start();
  return engine;
}

describe("a rollback", () => {
  it("gives the whole set's traffic back, builds nothing, and leaves a hold", async () => {
    const sim = await world();
    expect(serving(sim)).toEqual(AT.new);
    const builds = sim.builds.size;
    const release = await releaseIn(sim, back(), []);
    expect([stateName(release), release.plan.actions.rollback?.to]).toEqual(["succeeded", "REL-1"]);
    expect([serving(sim), sim.builds.size]).toEqual([AT.old, builds]);
    expect((await engineOf(sim)).desk.holdOf("staging")).toMatchObject({ reason: "REL-3 rolled it back to REL-1" });
  });

  it("gives it back however the server is killed, with every move once", async () => {
    const calls = await countCalls();
    for (const point of sides(calls)) {
      const sim = await world();
      const release = await releaseIn(sim, back(), [point]);
      expect([point, stateName(release), serving(sim)]).toEqual([point, "succeeded", AT.old]);
    }
  }, 60_000);

  it("has a plan that a look at it does not carry out, and that is refused once the world has moved", async () => {
    const sim = await world();
    const engine = await engineOf(sim);
    const planned = await engine.planRollback({ environment: "staging" });
    if (!planned.ok) throw new Error(planned.error[0].summary);
    expect(serving(sim)).toEqual(AT.new);
    const api = sim.services.get("api");
    if (api === undefined) throw new Error("a service api");
    api.traffic = [{ revision: "api-rel1-1", percent: 100 }];
    const asked = { requestId: "rollback-2", trigger: "manual:grace", actor: actorId("person", "grace") };
    const { digest } = planned.value.plan;
    const refused = await engine.rollback({ environment: "staging", plan: digest, ...asked });
    expect(refused).toMatchObject({ ok: false, error: [{ code: "plan-moved" }] });
  });

  it("goes forward again to a later set, and says when there is nothing to move", async () => {
    const sim = await world();
    await releaseIn(sim, back(), []);
    const forward: Ask = (engine) =>
      engine.rollback({
        environment: "staging",
        to: "REL-2",
        requestId: "rollback-3",
        trigger: "manual:grace",
        actor: actorId("person", "grace"),
      });
    expect(stateName(await releaseIn(sim, forward, []))).toBe("succeeded");
    expect(serving(sim)).toEqual(AT.new);
    const again = await (await engineOf(sim)).rollback({
      environment: "staging",
      to: "REL-2",
      requestId: "rollback-4",
      trigger: "manual:grace",
      actor: actorId("person", "grace"),
    });
    expect(again).toMatchObject({ ok: true, value: { kind: "nothing-to-do" } });
  });

  it("is refused whole where a revision is gone or the release never served", async () => {
    const sim = await world();
    const engine = await engineOf(sim);
    const plan = (to: ReleaseId) => engine.planRollback({ environment: "staging", to });
    expect(await plan("REL-7")).toMatchObject({ ok: false, error: [{ code: "rollback-target-unknown" }] });
    for (const name of ["api", "worker"]) sim.services.get(name)?.revisions.delete(`${name}-rel1-1`);
    const refused = await plan("REL-1");
    expect(refused.ok ? [] : refused.error.map(({ code }) => code)).toEqual(["revision-gone", "revision-gone"]);
    expect(await engine.planRollback({ environment: "qa" })).toMatchObject({
      ok: false,
      error: [{ code: "environment-unknown" }],
    });
  });

  it("stays where it got to when the old set does not answer, and does not bring the new one back", async () => {
    const sim = await world();
    sim.answer = () => ({ kind: "answered", status: 500, headers: {}, body: "", durationMs: 1 });
    const release = await releaseIn(sim, back(), []);
    expect([stateName(release), serving(sim), decide(release).kind]).toEqual(["failed", AT.old, "nothing"]);
  });
});

async function countCalls(): Promise<number> {
  const sim = await world();
  const before = sim.calls;
  await releaseIn(sim, back(), []);
  expect(before).toBeGreaterThan(0);
  return sim.calls;
}

function sides(calls: number): readonly CrashPoint[] {
  return Array.from({ length: calls }, (_, index) => index + 1).flatMap((call) => [
    { call, side: "before" as const },
    { call, side: "after" as const },
  ]);
}
