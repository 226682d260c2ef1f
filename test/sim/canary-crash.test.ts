import { describe, expect, it } from "vitest";
import type { ReleaseEvent } from "../../src/core/release/events.ts";
import type { Release } from "../../src/core/release/state.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { explain } from "../../src/core/views/explain.ts";
import { planText } from "../../src/core/views/plan-text.ts";
import { problemOf, stateName } from "../../src/core/views/project-release.ts";
import { ReleaseEngine } from "../../src/engine/releases/release-engine.ts";
import { BAKE_MS, canaryWorld } from "./canary-set.ts";
import { GOOD, MANIFEST } from "./sample-set.ts";
import type { CrashPoint, PortCall } from "./sim-calls.ts";
import { releaseBy, releaseIn } from "./sim-run.ts";
import type { SimWorld } from "./sim-world.ts";

const LONG = { timeout: 120_000 };

function events(sim: SimWorld): readonly ReleaseEvent[] {
  return sim.history.flatMap((entry) => (entry.kind === "event" ? [entry.recorded.event] : []));
}

/** Service → what has all of its traffic. A crash may skip a release's number, so numbers above 0 read as 1. */
function serving(sim: SimWorld): Record<string, string> {
  return Object.fromEntries(
    [...sim.services].map(([name, { traffic }]) => [
      name,
      (traffic.find(({ percent }) => percent === 100)?.revision ?? "").replace(/-rel[1-9]\d*-/, "-rel1-"),
    ]),
  );
}

/** Every step was meant, begun and judged once, in this order, and one that passed baked for as long as it should. */
function checkSteps({ canary }: Release, sim: SimWorld, verdicts: readonly string[]): void {
  const told = events(sim).flatMap((event) => ("step" in event ? [`${event.type} ${event.step}`] : []));
  const wanted = verdicts.flatMap((_, index) =>
    ["intended", "begun", "judged"].map((what) => `canary-step-${what} ${index + 1}`),
  );
  expect(told).toEqual(wanted);
  expect(canary.map(({ judged }) => judged?.verdict)).toEqual(verdicts);
  for (const { begun, judged } of canary) {
    expect(begun?.until).toBe((begun?.at ?? 0) + BAKE_MS);
    const until = begun?.until ?? Number.POSITIVE_INFINITY;
    if (judged?.verdict === "passed") expect(judged.at).toBeGreaterThanOrEqual(until);
  }
}

async function everyCrash(make: () => SimWorld, check: (sim: SimWorld, release: Release) => void): Promise<void> {
  const first = make();
  check(first, await releaseIn(first, MANIFEST, []));
  expect(first.calls).toBeGreaterThan(100);
  for (let call = 1; call <= first.calls; call += 1) {
    for (const side of ["before", "after"] as const) {
      const point: CrashPoint = { call, side };
      const sim = make();
      const release = await releaseIn(sim, MANIFEST, [point]);
      try {
        check(sim, release);
      } catch (cause) {
        throw new Error(`killed ${side} call ${call}: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    }
  }
}

describe("a canary", () => {
  it("moves a share, then more, then the set, wherever its server is killed", LONG, async () => {
    await everyCrash(canaryWorld, (sim, release) => {
      expect(stateName(release)).toBe("succeeded");
      expect(serving(sim)).toEqual(GOOD);
      checkSteps(release, sim, ["passed", "passed"]);
    });
  });

  it("is taken back whole when its candidates fail, wherever its server is killed", LONG, async () => {
    const before = serving(canaryWorld());
    await everyCrash(
      () => canaryWorld({ isIll: true }),
      (sim, release) => {
        expect(stateName(release)).toBe("rolled-back");
        expect(problemOf(release)).toMatchObject({
          code: "canary-failed",
          why: [expect.stringContaining("100 % failed")],
        });
        expect(serving(sim)).toEqual(before);
        checkSteps(release, sim, ["failed"]);
        expect(release.shifts).toEqual([]);
      },
    );
  });

  it("ends before its time where it fails plainly, and leaves the environment held", async () => {
    const sim = canaryWorld({ isIll: true, change: (text) => text.replaceAll(`bake: ${BAKE_MS}ms`, "bake: 20s") });
    const engine = new ReleaseEngine(sim.ports(), () => {});
    const { id, canary } = await releaseBy(sim, engine, MANIFEST);
    const [step] = canary;
    expect(step?.judged?.at).toBeLessThan(step?.begun?.until ?? 0);
    expect(engine.desk.holdOf("staging")).toMatchObject({ reason: `${id} was rolled back` });
  });

  it.each([
    ["slower candidates", { isSlow: true }, "canary-failed", "p95"],
    ["too few requests", { areAway: true }, "canary-inconclusive", "api: 0 requests where 3 are needed"],
  ])("is taken back for %s", async (...[, options, code, why]) => {
    const sim = canaryWorld(options);
    const release = await releaseIn(sim, MANIFEST, []);
    expect([stateName(release), problemOf(release)?.code]).toEqual(["rolled-back", code]);
    expect(problemOf(release)?.why[0]).toContain(why);
    expect(serving(sim)).toEqual(serving(canaryWorld()));
    expect(planText(release.plan)).toContain(
      [
        "Traffic",
        "    canary step 1: 10 % of api, hub for 1.0 s",
        "    canary step 2: 50 % of api, hub for 1.0 s",
        "    each passes with at least 3 requests, at most 5 % failed, p95 at most 1.5 × the serving revision's",
        "    then all of the set",
      ].join("\n"),
    );
  });

  it("is judged once a cloud that tells late has told all of it", LONG, async () => {
    const sim = canaryWorld({ change: (text) => text.replace("cloud: embedded", "cloud: google") });
    const release = await releaseIn(sim, MANIFEST, []);
    expect(stateName(release)).toBe("succeeded");
    for (const { begun, judged } of release.canary) {
      expect(judged?.at).toBeGreaterThanOrEqual((begun?.until ?? 0) + 180_000);
    }
  });

  it("may end with every request", async () => {
    const sim = canaryWorld({ change: (text) => text.replace("percent: 50", "percent: 100") });
    const release = await releaseIn(sim, MANIFEST, []);
    expect([stateName(release), release.canary.map(({ percent }) => percent)]).toEqual(["succeeded", [10, 100]]);
    const moves = sim.history.flatMap((entry) =>
      entry.kind === "effect" && entry.effect === "traffic" && entry.subject === "api" ? [entry.detail] : [],
    );
    expect(moves).toContain("api-rel1-1=10 api-rel0-1=90");
    expect(moves.slice(-2)).toEqual(["api-rel1-1=100", "api-rel1-1=100"]);
  });

  const unreadable = (sim: SimWorld, when: (call: PortCall) => boolean) => {
    const armed = sim.crashAt.bind(sim);
    sim.crashAt = (point) => {
      armed(point);
      sim.fate = (call) =>
        call.port === "requestMetrics" && when(call) ? { kind: "throw", isApplied: false, reason: "503" } : undefined;
    };
    return sim;
  };

  it("does not begin where the cloud does not tell its numbers", async () => {
    const sim = unreadable(canaryWorld(), () => true);
    const release = await releaseIn(sim, MANIFEST, []);
    expect([stateName(release), problemOf(release)?.code]).toEqual(["failed", "phase-unavailable"]);
    expect(release.canary).toEqual([]);
    expect(serving(sim)).toEqual(serving(canaryWorld()));
  });

  it("is taken back where the cloud stops to tell them", async () => {
    const sim = canaryWorld();
    unreadable(sim, () => events(sim).some(({ type }) => type === "canary-step-begun"));
    const release = await releaseIn(sim, MANIFEST, []);
    expect([stateName(release), problemOf(release)?.code]).toEqual(["rolled-back", "canary-inconclusive"]);
    expect(problemOf(release)?.why).toEqual(["what was counted of its requests cannot be read: 503"]);
  });

  it("says while it bakes which step that is, since when, and what it waits for", async () => {
    const sim = canaryWorld();
    const told: string[] = [];
    const engine = new ReleaseEngine(sim.ports(), () => {});
    const users = sim.users;
    sim.users = (at) => {
      users(at);
      const release = engine.list()[0];
      if (release?.canary.at(-1)?.begun === undefined) return;
      const { waitingFor, next, since } = explain(release);
      if (release.canary.length === 1) told.push(`${since} ${waitingFor} | ${next}`);
    };
    const release = await releaseBy(sim, engine, MANIFEST);
    expect(stateName(release)).toBe("succeeded");
    const begun = release.canary[0]?.begun;
    const at = (ms: number | undefined) => new Date(ms ?? 0).toISOString();
    expect(told[0]).toBe(
      `${at(begun?.at)} the end of canary step 1 of 2, 10 % of api, hub, at ${at(begun?.until)}, and the verdict on it | If it passes, more of the traffic moves; if not, or if nothing can be said, all of it goes back.`,
    );
  });

  it("ends at once when somebody cancels it, and nothing is held", async () => {
    const sim = canaryWorld();
    const engine = new ReleaseEngine(sim.ports(), () => {});
    const users = sim.users;
    let asked = 0;
    sim.users = (at) => {
      users(at);
      const release = engine.list()[0];
      if (release?.canary.at(-1)?.begun !== undefined && asked === 0) {
        asked = at;
        void engine.cancel(release.id, actorId("person", "ada"), "changed my mind");
      }
    };
    const release = await releaseBy(sim, engine, MANIFEST);
    expect(stateName(release)).toBe("cancelled");
    expect(release.canary).toMatchObject([{ step: 1 }]);
    expect(release.canary[0]?.judged).toBeUndefined();
    expect(serving(sim)).toEqual(serving(canaryWorld()));
    expect(engine.desk.holdOf("staging")).toBeUndefined();
  });
});
