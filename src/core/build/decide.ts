import { assertNever } from "../values/assert.ts";
import { type Instant, instant } from "../values/time.ts";
import { hasPassed } from "./apply-event.ts";
import { parseDuration } from "./duration.ts";
import type { Build, EndStatus } from "./state.ts";
import { stepGraph } from "./step-graph.ts";

/** What the driver does next for a build. It performs it, appends what came of it, and asks again. */
export type NextForBuild =
  /** Wait for a free place, then record the start; the queue's time limit stands beside it. */
  | { readonly kind: "start-build"; readonly expiresAt: Instant }
  | {
      readonly kind: "start-steps";
      readonly steps: readonly { readonly step: number; readonly try: number; readonly deadlineAt?: Instant }[];
    }
  /** End running steps: their build ends, or their own time is over. */
  | { readonly kind: "stop-steps"; readonly steps: readonly number[]; readonly as: "stopped" | "timed-out" }
  | { readonly kind: "pass-deadline" }
  /** All steps have passed: look for the images, then end with success. */
  | { readonly kind: "finish" }
  | { readonly kind: "end"; readonly status: EndStatus; readonly detail: string }
  /** Something runs; look again when it ends, or at the instant. */
  | { readonly kind: "wait"; readonly until: Instant }
  | { readonly kind: "nothing" };

/** Chooses what is next. Pure and total; the only place that does. */
export function decide(build: Build, now: Instant): NextForBuild {
  const { stage, ending } = build;
  switch (stage.name) {
    case "ended":
      return { kind: "nothing" };
    case "pending":
      if (ending !== undefined) return { kind: "end", status: ending.status, detail: ending.detail };
      if (now >= stage.expiresAt) return { kind: "end", status: "EXPIRED", detail: "" };
      return { kind: "wait", until: stage.expiresAt };
    case "queued":
      if (ending !== undefined) return { kind: "end", status: ending.status, detail: ending.detail };
      if (now >= stage.expiresAt) return { kind: "end", status: "EXPIRED", detail: "" };
      return { kind: "start-build", expiresAt: stage.expiresAt };
    case "working":
      if (ending !== undefined) return decideEnding(build);
      if (now >= stage.deadlineAt) return { kind: "pass-deadline" };
      return decideSteps(build, stage.deadlineAt, now);
    default:
      return assertNever(stage);
  }
}

function decideEnding(build: Build): NextForBuild {
  const running = runningSteps(build);
  if (running.length > 0) return { kind: "stop-steps", steps: running, as: "stopped" };
  const { status, detail } = build.ending ?? { status: "INTERNAL_ERROR", detail: "" };
  return { kind: "end", status, detail };
}

function decideSteps(build: Build, buildDeadline: Instant, now: Instant): NextForBuild {
  const overdue = runningSteps(build).filter((index) => (deadlineOf(build, index) ?? now + 1) <= now);
  if (overdue.length > 0) return { kind: "stop-steps", steps: overdue, as: "timed-out" };
  const ready = readySteps(build);
  if (ready.length > 0) return { kind: "start-steps", steps: ready.map((step) => startOf(build, step, now)) };
  const running = runningSteps(build);
  if (running.length === 0) return { kind: "finish" };
  const deadlines = running.flatMap((index) => deadlineOf(build, index) ?? []);
  return { kind: "wait", until: instant(Math.min(buildDeadline, ...deadlines)) };
}

/** Steps whose predecessors have all passed. A checked graph always has one while any step waits and none runs. */
function readySteps(build: Build): readonly number[] {
  const graph = stepGraph(build.config.steps);
  if (!graph.ok) return [];
  return graph.value.flatMap((before, index) => {
    if (build.steps[index]?.name !== "waiting") return [];
    const isReady = before.every((other) => {
      const step = build.steps[other];
      return step !== undefined && hasPassed(step);
    });
    return isReady ? [index] : [];
  });
}

function startOf(build: Build, step: number, now: Instant) {
  const state = build.steps[step];
  const tries = state?.name === "waiting" ? state.tries : 0;
  const limit = parseDuration(build.config.steps[step]?.timeout ?? "0s") ?? 0;
  return { step, try: tries + 1, ...(limit > 0 ? { deadlineAt: instant(now + limit) } : {}) };
}

function runningSteps(build: Build): readonly number[] {
  return [...build.steps.keys()].filter((index) => build.steps[index]?.name === "running");
}

function deadlineOf(build: Build, index: number): Instant | undefined {
  const step = build.steps[index];
  return step?.name === "running" ? step.deadlineAt : undefined;
}
