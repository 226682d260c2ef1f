import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instant } from "../values/time.ts";
import { applyEvent, foldBuild } from "./apply-event.ts";
import type { BuildConfig, BuildStep } from "./build-config.ts";
import { decide } from "./decide.ts";
import type { BuildEvent, StepOutcome } from "./events.ts";
import { type Build, buildStatus, isEnded, stepStatus } from "./state.ts";
import { stepGraph } from "./step-graph.ts";

const exited = (code: number): StepOutcome => ({ kind: "exited", code });
const started = (step: number, attempt = 1): BuildEvent => ({ type: "step-started", step, try: attempt });
const ended = (step: number, outcome: StepOutcome): BuildEvent => ({ type: "step-ended", step, try: 1, outcome });
const begun: BuildEvent = { type: "build-started", deadlineAt: instant(1_000_000) };

function created(config: BuildConfig): BuildEvent {
  const place = { build: "b-1", project: "p1", location: "global" } as const;
  return { type: "build-created", ...place, config, substitutions: {}, expiresAt: instant(5_000) };
}

function fold(steps: readonly Partial<BuildStep>[], events: readonly BuildEvent[]): Build {
  const config: BuildConfig = { steps: steps.map((step) => ({ name: "img", ...step })) };
  const folded = foldBuild([created(config), ...events].map(recorded));
  if (!folded.ok) throw new Error(JSON.stringify(folded.error));
  return folded.value;
}

function recorded(event: BuildEvent, index: number) {
  return { event, at: instant(100 + index), sequence: index + 1 };
}

const now = instant(1_000);

describe("decide", () => {
  it("starts what is ready, all at once", () => {
    const build = fold([{ waitFor: ["-"] }, { waitFor: ["-"] }, {}], [begun]);
    expect(decide(build, now)).toEqual({
      kind: "start-steps",
      steps: [
        { step: 0, try: 1 },
        { step: 1, try: 1 },
      ],
    });
  });

  it("waits for the earliest deadline, stored and absolute", () => {
    const start: BuildEvent = { type: "step-started", step: 0, try: 1, deadlineAt: instant(7_000) };
    expect(decide(fold([{ timeout: "7s" }], [begun, start]), now)).toEqual({ kind: "wait", until: 7_000 });
    expect(decide(fold([{ timeout: "7s" }], [begun, start]), instant(7_000))).toEqual({
      kind: "stop-steps",
      steps: [0],
      as: "timed-out",
    });
  });

  it("ends everything on the first failure: running ones are stopped, later ones never start", () => {
    const steps = [{ waitFor: ["-"] }, { waitFor: ["-"] }, {}];
    const failing = fold(steps, [begun, started(0), started(1), ended(0, exited(3))]);
    expect(decide(failing, now)).toEqual({ kind: "stop-steps", steps: [1], as: "stopped" });
    const stopped = fold(steps, [begun, started(0), started(1), ended(0, exited(3)), ended(1, { kind: "stopped" })]);
    const detail = 'Build step failure: build step 0 "img" failed: step exited with non-zero status: 3';
    expect(decide(stopped, now)).toEqual({ kind: "end", status: "FAILURE", detail });
    expect(stopped.steps.map(stepStatus)).toEqual(["FAILURE", "CANCELLED", "QUEUED"]);
    expect(stopped.ending?.failure).toBe("USER_BUILD_STEP");
  });

  it("finishes when all have passed", () => {
    expect(decide(fold([{}], [begun, started(0), ended(0, exited(0))]), now)).toEqual({ kind: "finish" });
  });

  it.each([
    [{ allowFailure: true }, 7, "goes on"],
    [{ allowExitCodes: [7] }, 7, "goes on"],
    [{ allowExitCodes: [7], allowFailure: true }, 8, "fails"],
    [{ allowExitCodes: [7] }, 8, "fails"],
  ] as const)("with %o and exit %i it %s", (step, code, what) => {
    const build = fold([step, {}], [begun, started(0), ended(0, exited(code))]);
    expect(decide(build, now).kind).toBe(what === "goes on" ? "start-steps" : "end");
    expect(build.steps.map(stepStatus)[0]).toBe("FAILURE");
  });

  it("expires in the queue, and cancels there without a start", () => {
    expect(decide(fold([{}], []), instant(5_000))).toEqual({ kind: "end", status: "EXPIRED", detail: "" });
    const cancelled = fold([{}], [{ type: "cancel-requested", reason: "cancelled by person:ada" }]);
    expect(decide(cancelled, now)).toMatchObject({ kind: "end", status: "CANCELLED" });
  });

  it("times the build out, and a step's own time limit fails it", () => {
    expect(decide(fold([{}], [begun, started(0)]), instant(1_000_000))).toEqual({ kind: "pass-deadline" });
    const late = fold([{}], [begun, started(0), { type: "deadline-passed" }, ended(0, { kind: "stopped" })]);
    expect(decide(late, now)).toMatchObject({ kind: "end", status: "TIMEOUT" });
    const slow = fold([{}], [begun, started(0), ended(0, { kind: "timed-out" })]);
    expect(decide(slow, now)).toMatchObject({
      status: "FAILURE",
      detail: 'Build step failure: build step 0 "img" failed: context deadline exceeded',
    });
    expect(slow.steps.map(stepStatus)).toEqual(["TIMEOUT"]);
  });

  it("runs an interrupted step again as the next try, or fails the build and says so", () => {
    const again = fold(
      [{}],
      [begun, started(0), { type: "step-interrupted", step: 0, try: 1, consequence: "run-again" }],
    );
    expect(decide(again, now)).toEqual({ kind: "start-steps", steps: [{ step: 0, try: 2 }] });
    const fails = fold(
      [{}],
      [begun, started(0), { type: "step-interrupted", step: 0, try: 1, consequence: "build-fails" }],
    );
    expect(decide(fails, now)).toMatchObject({ status: "FAILURE" });
    expect(fails.steps.map(stepStatus)).toEqual(["FAILURE"]);
    expect(fails.ending?.detail).toContain("the server ended while it ran; it is not declared repeatable");
  });
});

describe("applyEvent", () => {
  const over: BuildEvent = { type: "build-ended", status: "SUCCESS", detail: "", images: [] };

  it("accepts nothing after the end", () => {
    const build = fold([{}], [begun, started(0), ended(0, exited(0)), over]);
    expect(buildStatus(build)).toBe("SUCCESS");
    for (const event of [begun, started(0), over, { type: "cancel-requested", reason: "" } as const]) {
      expect(applyEvent(build, { event, at: now, sequence: 9 })).toEqual({
        ok: false,
        error: { event: event.type, stage: "ended" },
      });
    }
  });

  it("refuses success while a step has not passed, an end while one runs, and a start after an ending", () => {
    expect(applyEvent(fold([{}], [begun]), { event: over, at: now, sequence: 9 }).ok).toBe(false);
    expect(applyEvent(fold([{}], [begun, started(0)]), { event: over, at: now, sequence: 9 }).ok).toBe(false);
    const cancelled = fold([{}], [begun, { type: "cancel-requested", reason: "" }]);
    expect(applyEvent(cancelled, { event: started(0), at: now, sequence: 9 }).ok).toBe(false);
  });

  it("is total: any event on any state gives a value or a refusal, and decide always has an answer", () => {
    const outcome = fc.constantFrom<StepOutcome>(exited(0), exited(1), { kind: "stopped" }, { kind: "timed-out" });
    const step = fc.integer({ min: 0, max: 3 });
    const event: fc.Arbitrary<BuildEvent> = fc.oneof(
      fc.constant(begun),
      fc.tuple(step, fc.integer({ min: 1, max: 2 })).map(([index, attempt]) => started(index, attempt)),
      fc.tuple(step, outcome).map(([index, how]) => ended(index, how)),
      step.map((index): BuildEvent => ({ type: "step-interrupted", step: index, try: 1, consequence: "run-again" })),
      fc.constantFrom<BuildEvent>({ type: "cancel-requested", reason: "" }, { type: "deadline-passed" }, over),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let build = fold([{ waitFor: ["-"] }, { waitFor: ["-"] }, {}], []);
        for (const [index, next] of events.entries()) {
          const applied = applyEvent(build, { event: next, at: instant(200 + index), sequence: index + 2 });
          if (applied.ok) build = applied.value;
          expect(decide(build, now).kind).toBeDefined();
          if (isEnded(build)) expect(build.steps.some((one) => one.name === "running")).toBe(false);
        }
      }),
    );
  });

  it("driven by decide, every graph comes to an end with each step run once", () => {
    const waits = fc.array(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(waits, (lists) => {
        const steps = lists.map((list, index) => ({
          id: `s${index}`,
          waitFor: index === 0 ? ["-"] : list.map((other) => `s${other % index}`),
        }));
        expect(stepGraph(steps.map((one) => ({ name: "img", ...one }))).ok).toBe(true);
        const runs = drive(fold(steps, [begun]));
        expect(runs.order.toSorted()).toEqual([...steps.keys()].toSorted());
        expect(runs.last).toBe("finish");
      }),
    );
  });
});

/** Plays a driver whose steps all succeed, one at a time. */
function drive(build: Build): { readonly order: number[]; readonly last: string } {
  const order: number[] = [];
  let state = build;
  const apply = (event: BuildEvent) => {
    const applied = applyEvent(state, { event, at: now, sequence: state.lastSequence + 1 });
    if (!applied.ok) throw new Error(JSON.stringify(applied.error));
    state = applied.value;
  };
  for (let round = 0; round < 100; round++) {
    const next = decide(state, now);
    if (next.kind !== "start-steps") return { order, last: next.kind };
    for (const { step } of next.steps) apply(started(step));
    for (const { step } of next.steps) {
      order.push(step);
      apply(ended(step, exited(0)));
    }
  }
  return { order, last: "never" };
}
