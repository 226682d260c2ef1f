import type { StepOutcome } from "../../core/build/events.ts";
import type { RunningStep, StepSession } from "../../ports/step-executor.ts";
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
  readonly outcomes: { readonly step: number; readonly outcome: StepOutcome | "lost" }[];
  readonly alarm: Alarm;
  session?: StepSession;
  log?: BuildLog;
  isAbandoned: boolean;
}

/** The build's log, opened when the first line is due. */
export async function openLog(driving: Driving): Promise<BuildLog> {
  const { id, config } = driving.stream.state;
  driving.log ??= await driving.deps.stepLogs.open({ id, stepIds: config.steps.map((step) => step.id) });
  return driving.log;
}

/** Until the alarm rings, or the instant. */
export async function waitUntil({ alarm, deps }: Driving, until: number): Promise<void> {
  const waking = new AbortController();
  await Promise.race([alarm.wait(), deps.clock.sleep(Math.max(until - deps.clock.now(), 0), waking.signal)]);
  waking.abort();
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
