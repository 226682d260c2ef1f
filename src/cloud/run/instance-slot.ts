import { err, type Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { StartFailure } from "./start-container.ts";
import type { Instance } from "./start-instance.ts";

/** Restarts within `CRASH_WINDOW_MS`, at most. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;
const BACKOFF_MS = { first: 100, most: 10_000 } as const;

type Started = Result<Instance, StartFailure>;

/** One place for an instance: a process at a time, started again when it ends. */
export interface InstanceSlot {
  /** The instance as it is, or the outcome of the start that is under way. */
  current(): Promise<Started>;
  isReady(): boolean;
  /** Ends it for good. */
  stop(graceMs: number): Promise<void>;
}

export interface SlotOptions {
  readonly start: (signal: AbortSignal) => Promise<Started>;
  readonly clock: Clock;
  /** Where the first start fails, `once` gives up, `keep` goes on trying with the back-off of crashes. */
  readonly persistence: "once" | "keep";
  readonly onReady: () => void;
  /** There will be no instance here any more. */
  readonly onGivenUp: () => void;
}

/** Begins to start an instance. */
export function createInstanceSlot({ start, clock, persistence, onReady, onGivenUp }: SlotOptions): InstanceSlot {
  const stopped = new AbortController();
  const { signal } = stopped;
  let crashes: readonly number[] = [];
  let isReady = false;

  const attempt = async (delayMs: number, isFirst: boolean): Promise<Started> => {
    if (delayMs > 0) await clock.sleep(delayMs, signal);
    if (signal.aborted) return err({ reason: "INTERNAL", message: "It was stopped before it was ready." });
    const started = await start(signal);
    if (started.ok) {
      isReady = !signal.aborted;
      void watch(started.value);
      if (isReady) onReady();
    } else if (isFirst && persistence === "once") onGivenUp();
    else again();
    return started;
  };
  const begin = (delayMs: number, isFirst: boolean): Promise<Started> => {
    const starting = attempt(delayMs, isFirst);
    starting.catch(onGivenUp);
    return starting;
  };
  const watch = async (instance: Instance): Promise<void> => {
    await instance.process.exited.catch(() => undefined);
    isReady = false;
    again();
  };
  /** Whoever waited for the last start has its outcome. */
  const again = (): void => {
    if (signal.aborted) return;
    const now = clock.monotonicMs();
    crashes = [...crashes.filter((at) => at > now - CRASH_WINDOW_MS), now];
    current = begin(restartDelayMs(crashes, now), false);
  };
  let current = begin(0, true);

  return {
    current: () => current,
    isReady: () => isReady,
    async stop(graceMs) {
      isReady = false;
      stopped.abort();
      const started = await current.catch(() => undefined);
      if (started?.ok) await started.value.process.stop(graceMs).catch(() => undefined);
    },
  };
}

/** Doubles with each crash of the last minute; after too many, until the oldest of them is a minute ago. */
export function restartDelayMs(crashes: readonly number[], nowMs: number): number {
  const oldest = crashes.at(-MAX_CRASHES);
  if (crashes.length >= MAX_CRASHES && oldest !== undefined) return Math.max(0, oldest + CRASH_WINDOW_MS - nowMs);
  return Math.min(BACKOFF_MS.first * 2 ** Math.max(0, crashes.length - 1), BACKOFF_MS.most);
}
