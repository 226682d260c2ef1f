import type { RunningStep, StepEnd, StepSession } from "../../ports/step-executor.ts";
import type { BuildLog } from "../../ports/step-logs.ts";
import type { BuildDependencies } from "./build-dependencies.ts";
import type { BuildSlots } from "./build-slots.ts";
import type { BuildStream } from "./build-stream.ts";

/** A repeatable step that is lost over and over does not keep its build for ever. */
export const MAX_TRIES = 5;

/** What one build's driver holds while it drives. */
export interface Driving {
  readonly deps: BuildDependencies;
  readonly slots: BuildSlots;
  readonly stream: BuildStream;
  readonly directory: string;
  /** Steps that run here, and what this driver has ended on purpose. */
  readonly running: Map<number, RunningStep>;
  readonly stopping: Map<number, "stopped" | "timed-out">;
  readonly outcomes: { readonly step: number; readonly end: StepEnd | "lost" }[];
  readonly alarm: Alarm;
  session?: StepSession;
  log?: BuildLog;
  isAbandoned: boolean;
}

/** The build's place to run steps, opened with its first step and again where it was lost. */
export async function openSession(driving: Driving): Promise<StepSession> {
  const { deps, directory, stream } = driving;
  const { id, project } = stream.state;
  driving.session ??= await deps.executor.open({ id, directory, project });
  return driving.session;
}

/** The build's log, opened when the first line is due. */
export async function openLog(driving: Driving): Promise<BuildLog> {
  const { id, config } = driving.stream.state;
  driving.log ??= await driving.deps.stepLogs.open({ id, stepIds: config.steps.map((step) => step.id) });
  return driving.log;
}

/** Hears of the step's end, and tells the driver. */
export function followStep(driving: Driving, step: number, running: RunningStep): void {
  driving.running.set(step, running);
  running.ended.then(
    (end) => reportEnd(driving, step, end),
    () => reportEnd(driving, step, "lost"),
  );
}

/** Notes the end of a step, for the driver to record. */
export function reportEnd(driving: Driving, step: number, end: StepEnd | "lost"): void {
  driving.outcomes.push({ step, end });
  driving.alarm.ring();
}

/** Timers of the platform hold no more than 24 days; whoever waits looks again anyway. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** Until the alarm rings, or the instant, or a day is over. */
export async function waitUntil({ alarm, deps }: Driving, until: number): Promise<void> {
  const waitMs = Math.min(Math.max(until - deps.clock.now(), 0), LONGEST_WAIT_MS);
  const waking = new AbortController();
  await Promise.race([alarm.wait(), deps.clock.sleep(waitMs, waking.signal)]);
  waking.abort();
}

/**
 * Does something long for a build, until it is done or the build is to end: cancelled, past its deadline, abandoned. The
 * work is then left to the signal, and nobody waits for it.
 */
export async function unlessEnding<T>(
  driving: Driving,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | "ending"> {
  const over = new AbortController();
  let isDone = false;
  const done = work(over.signal).finally(() => {
    isDone = true;
    driving.alarm.ring();
  });
  done.catch(() => {}); // whoever waits for it hears of a fault
  for (;;) {
    const { stage, ending } = driving.stream.state;
    const deadlineAt = stage.name === "working" ? stage.deadlineAt : driving.deps.clock.now();
    if (isDone) return done;
    if (driving.isAbandoned || ending !== undefined || driving.deps.clock.now() >= deadlineAt) {
      over.abort();
      return "ending";
    }
    await waitUntil(driving, deadlineAt);
  }
}

/** Rung while nobody waits, it stays rung until somebody does: nothing is missed. One waits at a time. */
export interface Alarm {
  wait(): Promise<void>;
  ring(): void;
}

/** An alarm that is not rung. */
export function createAlarm(): Alarm {
  let isRung = false;
  let wake = () => {};
  return {
    wait() {
      if (isRung) {
        isRung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        wake = () => {
          isRung = false;
          resolve();
        };
      });
    },
    ring() {
      isRung = true;
      wake();
    },
  };
}
