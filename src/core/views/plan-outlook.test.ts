import { describe, expect, it } from "vitest";
import { commit, rolledBack, secondsIn, someRelease } from "../../../test/support/release-values.ts";
import type { PlanActions, PlannedBuild } from "../plan/plan.ts";
import type { Release } from "../release/state.ts";
import type { ReleaseId } from "../values/ids.ts";
import { expectedDuration, type PlanOutlook } from "./plan-outlook.ts";
import { planText } from "./plan-text.ts";

const { plan, stage } = someRelease();
const nothing: PlanOutlook = { changes: [], gates: [], drifts: [] };

function release(
  id: string,
  { seconds = 65, actions = {} }: { seconds?: number; actions?: Partial<PlanActions> },
): Release {
  if (stage.name !== "ended") throw new Error("the sample release has ended");
  const planned = { ...plan, actions: { ...plan.actions, ...actions } };
  return someRelease({ id: id as ReleaseId, plan: planned, stage: { ...stage, at: secondsIn(seconds) } });
}

describe("expectedDuration", () => {
  it("is that of the release that did most nearly as much, the newest of equals", () => {
    const builds = plan.actions.builds.map((build): PlannedBuild => ({ ...build, key: plan.digest }));
    const small = release("REL-9", { seconds: 20, actions: { migrations: [], builds: [] } });
    const releases = [small, release("REL-8", { seconds: 40, actions: { builds } }), release("REL-7", {})];
    expect(expectedDuration(plan, releases)).toEqual({ release: "REL-8", durationMs: 30_000 });
    expect(expectedDuration(small.plan, releases)).toEqual({ release: "REL-9", durationMs: 10_000 });
  });

  it("takes no release that failed, that went elsewhere, or that gave traffic back", () => {
    const elsewhere = { ...plan, environment: "production" };
    const back = { to: "REL-1" as ReleaseId, revisions: {} };
    const others = [rolledBack(), someRelease({ plan: elsewhere }), release("REL-5", { actions: { rollback: back } })];
    expect(expectedDuration(plan, others)).toBeUndefined();
  });
});

describe("a plan with its outlook", () => {
  const drift = { subject: "service api", field: "min instances", expected: "1", observed: "12" };
  const outlook: PlanOutlook = {
    changes: [
      {
        module: "app",
        from: commit("1"),
        to: commit("2"),
        commits: {
          kind: "read",
          added: {
            shown: [{ commit: commit("2"), author: "Ada", subject: "Mend\u001b[2J it" }],
            more: 3,
            isCounted: true,
          },
          removed: { shown: [], more: 0, isCounted: true },
        },
      },
    ],
    gates: [
      { gate: "freeze", reason: "It is frozen.", since: secondsIn(0), opens: "It ends at noon.", waitsFor: "time" },
    ],
    drifts: [
      { ...drift, kind: "differs", firstSeen: secondsIn(0) },
      { ...drift, field: "cpu", kind: "unknown", firstSeen: secondsIn(0) },
      {
        ...drift,
        field: "memory",
        kind: "differs",
        firstSeen: secondsIn(0),
        ignored: { reason: "r", until: secondsIn(9) },
      },
    ],
    expected: { release: "REL-7" as ReleaseId, durationMs: 61_000 },
  };

  it("says who wrote what it changes, what is live otherwise, what is closed, and how long it may take", () => {
    const text = planText(plan, outlook);
    expect(text).toContain(
      "  ~ app 111111111111 → 222222222222 (v1)\n      222222222222 Mend [2J it (Ada)\n      3 more\n",
    );
    expect(text).toContain("Drift\n  ~ service api: min instances\n      released 1, now: 12; since ");
    expect(text).toContain("  ? service api: cpu\n      released 1, could not be looked at: 12; since ");
    expect(text).not.toContain("memory");
    expect(text).toContain("Gates that are closed now\n  freeze: It is frozen.\n      It ends at noon.\n");
    expect(text).toMatch(/It may take 1 min 01 s, as REL-7 did\.\n\n1 image to build/);
  });

  it("says less where there is nothing to do, and nothing where nothing is known", () => {
    const idle = { ...plan, actions: { ...plan.actions, builds: [], migrations: [], services: [] } };
    const text = planText(idle, outlook);
    expect(text).toContain("Nothing to do");
    expect(text).toContain("Drift\n");
    expect(text).not.toMatch(/Gates|It may take/);
    expect(planText(plan, nothing)).toBe(planText(plan));
  });
});
