import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_PLAN } from "../../../test/support/plan-values.ts";
import { digestOf } from "../values/digest.ts";
import { actorId, type CommitId } from "../values/ids.ts";
import { type Problem, renderProblem } from "../values/problem.ts";
import { instant } from "../values/time.ts";
import { applyEvent, foldRelease, type Recorded } from "./apply-event.ts";
import { decide } from "./decide.ts";
import type { ReleaseEvent } from "./events.ts";
import { isEnded, type Release } from "./state.ts";

const PROBLEM: Problem = {
  code: "check-failed",
  severity: "error",
  summary: "It failed.",
  why: ["Seen."],
  fix: "Mend it.",
};

const requested: ReleaseEvent = {
  type: "release-requested",
  release: "REL-1",
  plan: EMPTY_PLAN,
  umbrellaCommit: "a".repeat(40) as CommitId,
  trigger: "manual:ada",
  requestId: "r-1",
};
const toShift: readonly ReleaseEvent[] = [
  requested,
  { type: "lease-acquired", token: 1 },
  { type: "build-intended", tag: "rel-1" },
  { type: "build-submitted", build: "b-1", logUrl: "http://log" },
  { type: "build-ended", build: "b-1", status: "SUCCESS", detail: "" },
];
const shifted: readonly ReleaseEvent[] = [
  ...toShift,
  { type: "phase-started", phase: "shift" },
  { type: "traffic-pinned", service: "api", revision: "api-old" },
  { type: "candidate-intended", service: "api", revision: "api-rel1-1", isFirst: false },
  { type: "traffic-intended", service: "api", revision: "api-rel1-1" },
  { type: "traffic-shifted", service: "api", revision: "api-rel1-1", url: "http://api" },
  { type: "phase-succeeded", phase: "shift", summary: "1 service" },
];

function record(events: readonly ReleaseEvent[]): Recorded[] {
  return events.map((event, index) => ({
    event,
    at: instant(1_000 + index),
    actor: actorId("person", "ada"),
    sequence: index + 1,
  }));
}

function fold(events: readonly ReleaseEvent[]): Release {
  const folded = foldRelease(record(events));
  if (!folded.ok) throw new Error(`${folded.error.event} in ${folded.error.stage}`);
  return folded.value;
}

describe("a release's life", () => {
  const rows: readonly [string, readonly ReleaseEvent[], string, string][] = [
    ["is queued when it is asked for", [requested], "queued", "acquire-lease"],
    [
      "ends at once when it is cancelled in the queue",
      [requested, { type: "cancel-requested", reason: "no" }],
      "queued",
      "end",
    ],
    ["submits its build under the lease", toShift.slice(0, 2), "building", "submit-build"],
    ["waits for the build", toShift.slice(0, 4), "building", "await-build"],
    [
      "stops the build when cancelled",
      [...toShift.slice(0, 4), { type: "cancel-requested", reason: "no" }],
      "building",
      "cancel-build",
    ],
    ["moves traffic after a good build", toShift, "shifting", "run-phase"],
    ["checks again after the shift", shifted, "verifying", "run-phase"],
  ];
  it.each(rows)("%s", (_name, events, stage, next) => {
    const release = fold(events);
    expect([release.stage.name, decide(release).kind]).toEqual([stage, next]);
  });

  it("puts traffic back when the checks after the shift fail, and says that it had moved", () => {
    const failed = fold([
      ...shifted,
      { type: "phase-started", phase: "verify" },
      { type: "phase-failed", phase: "verify", problem: PROBLEM },
    ]);
    expect(failed.stage.name).toBe("restoring");
    expect(decide(failed)).toEqual({ kind: "run-phase", phase: "restore" });
    const restored = fold([
      ...shifted,
      { type: "phase-started", phase: "verify" },
      { type: "phase-failed", phase: "verify", problem: PROBLEM },
      { type: "phase-started", phase: "restore" },
      { type: "traffic-restored", service: "api", revision: "api-old" },
      { type: "phase-succeeded", phase: "restore", summary: "1 service" },
    ]);
    expect(decide(restored)).toEqual({ kind: "end", outcome: { kind: "rolled-back", problem: PROBLEM } });
  });

  it("fails without a rollback when the build fails, with the phase's problem rather than the build's", () => {
    const failed = fold([
      ...toShift.slice(0, 4),
      { type: "phase-started", phase: "migrate" },
      { type: "phase-failed", phase: "migrate", problem: PROBLEM },
      { type: "build-ended", build: "b-1", status: "FAILURE", detail: "Build step failure" },
      { type: "phase-started", phase: "restore" },
      { type: "phase-succeeded", phase: "restore", summary: "nothing" },
    ]);
    expect(decide(failed)).toEqual({ kind: "end", outcome: { kind: "failed", problem: PROBLEM } });
  });

  it("says how the build ended where no phase says more", () => {
    const failed = fold([...toShift.slice(0, 4), { type: "build-ended", build: "b-1", status: "FAILURE", detail: "" }]);
    const problem = failed.stage.name === "restoring" ? failed.stage.problem : PROBLEM;
    expect(renderProblem(problem)).toBe(
      [
        "error[build-failed]: Build b-1 of REL-1 ended with FAILURE.",
        "  why:   The build says no more.",
        "  fix:   Read its log: mobius logs REL-1 --build",
        "  more:  docs/errors.md#build-failed",
      ].join("\n"),
    );
  });

  it("keeps the first pin: a later one may see what the release itself made", () => {
    const release = fold([...shifted, { type: "traffic-pinned", service: "api", revision: "api-rel1-1" }]);
    expect(release.pinned).toEqual({ api: "api-old" });
  });

  it("takes each step of a canary once, one after another and each only after one that passed", () => {
    const services = [{ service: "api", serving: "api-old", candidate: "api-rel1-1" }] as const;
    const intended = (step: number) => ({ type: "canary-step-intended", step, percent: 10, services }) as const;
    const begun = (step: number) => ({ type: "canary-step-begun", step, until: instant(9), before: [] }) as const;
    const judged = (step: number, verdict: "passed" | "failed") =>
      ({ type: "canary-step-judged", step, verdict, evidence: "" }) as const;
    const follow = (...events: readonly ReleaseEvent[]) => foldRelease(record([...toShift, ...events])).ok;
    expect(follow(intended(1), begun(1), judged(1, "passed"), intended(2))).toBe(true);
    for (const illegal of [
      [intended(2)],
      [intended(1), intended(1)],
      [intended(1), judged(1, "passed")],
      [intended(1), begun(1), begun(1)],
      [intended(1), begun(1), intended(2)],
      [intended(1), begun(1), judged(1, "failed"), intended(2)],
      [intended(1), begun(1), judged(1, "passed"), judged(1, "passed")],
      [intended(1), begun(1), judged(1, "passed"), begun(2)],
    ]) {
      expect([illegal, follow(...illegal)]).toEqual([illegal, false]);
    }
    expect(foldRelease(record([requested, intended(1)])).ok).toBe(false);
  });

  it("says that traffic had moved where it had only for a canary step", () => {
    const services = [{ service: "api", serving: "api-old", candidate: "api-rel1-1" }] as const;
    const restored = fold([
      ...toShift,
      { type: "phase-started", phase: "shift" },
      { type: "canary-step-intended", step: 1, percent: 10, services },
      { type: "phase-failed", phase: "shift", problem: PROBLEM },
      { type: "phase-started", phase: "restore" },
      { type: "phase-succeeded", phase: "restore", summary: "1 service" },
    ]);
    expect(decide(restored)).toEqual({ kind: "end", outcome: { kind: "rolled-back", problem: PROBLEM } });
  });

  it("numbers the tries of a phase that a crash interrupted", () => {
    const release = fold([
      ...toShift,
      { type: "phase-started", phase: "shift" },
      { type: "phase-started", phase: "shift" },
    ]);
    expect(release.phases.map((phase) => phase.try)).toEqual([2]);
  });
});

const anyEvent: fc.Arbitrary<ReleaseEvent> = fc.constantFrom<ReleaseEvent>(
  ...shifted,
  { type: "build-ended", build: "b-1", status: "FAILURE", detail: "x" },
  { type: "phase-started", phase: "restore" },
  { type: "phase-succeeded", phase: "restore", summary: "" },
  { type: "phase-failed", phase: "restore", problem: PROBLEM },
  { type: "phase-started", phase: "verify" },
  { type: "phase-failed", phase: "verify", problem: PROBLEM },
  { type: "phase-succeeded", phase: "verify", summary: "" },
  { type: "cancel-requested", reason: "no" },
  { type: "candidate-ready", service: "api", revision: "api-rel1-1", digest: digestOf("image") },
  { type: "written-back", commit: "nothing-to-write" },
  { type: "release-ended", outcome: { kind: "succeeded" } },
);

describe("applyEvent", () => {
  it("is total, deterministic, and accepts nothing after the end", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let release: Release | undefined;
        for (const recorded of record([requested, ...events])) {
          const next = applyEvent(release, recorded);
          expect(applyEvent(release, recorded)).toEqual(next);
          if (release !== undefined && isEnded(release)) expect(next.ok).toBe(false);
          if (next.ok) release = next.value;
          if (release !== undefined) decide(release);
        }
      }),
    );
  });

  it("keeps the end of the soak time, once and only after the shift", () => {
    const until = instant(90_000);
    const soaking = foldRelease(
      record([...shifted, { type: "phase-started", phase: "verify" }, { type: "soak-started", until }]),
    );
    expect(soaking.ok && soaking.value.soakUntil).toBe(until);
    const twice = record([
      ...shifted,
      { type: "soak-started", until },
      { type: "soak-started", until: instant(99_000) },
    ]);
    expect(foldRelease(twice)).toMatchObject({ ok: false, error: { event: "soak-started" } });
    expect(foldRelease(record([...toShift, { type: "soak-started", until }]))).toMatchObject({ ok: false });
  });
});
