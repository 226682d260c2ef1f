import type { Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import { revisionKey, type StoredRevision } from "./resources.ts";
import { type Instance, STOP_GRACE_MS, type StartFailure } from "./start-instance.ts";

/** Restarts of one revision's instance within `CRASH_WINDOW_MS`, at most. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;
const BACKOFF_MS = { first: 100, most: 10_000 } as const;
/** What requests in flight get to end when their revision is stopped. */
const DRAIN_MS = 10_000;
const DRAIN_POLL_MS = 20;
/** What instances get when the cloud itself is closed. */
const CLOSE_GRACE_MS = 2_000;

/** The instances of all revisions, one each. */
export interface Instances {
  /**
   * The instance, started where there is none; several callers share one start. Where that first start fails, `once`
   * gives up, `keep` goes on trying with the back-off of crashes.
   */
  ensure(revision: StoredRevision, persistence: "once" | "keep"): Promise<Result<Instance, StartFailure>>;
  /** Keys of revisions that have an instance, or one that is starting. */
  running(): readonly string[];
  /** Counts a request in flight, from before its instance is asked for; the answer ends it. */
  enter(key: string): () => void;
  /** Stops it once its requests ended, 10 s at most. Nothing happens where none runs. */
  release(key: string): Promise<void>;
  /** Stops all; none starts afterwards. */
  close(): Promise<void>;
}

interface Entry {
  readonly revision: StoredRevision;
  readonly stopped: AbortController;
  starting: Promise<Result<Instance, StartFailure>> | undefined;
  crashes: readonly number[];
}

/** `start` starts one instance and waits until it is ready. */
export function createInstances(options: {
  readonly start: (revision: StoredRevision, signal: AbortSignal) => Promise<Result<Instance, StartFailure>>;
  readonly clock: Clock;
}): Instances {
  const { start, clock } = options;
  const entries = new Map<string, Entry>();
  const inFlight = countRequests();
  let isClosed = false;

  const begin = (
    entry: Entry,
    delayMs: number,
    persistence: "once" | "keep",
  ): Promise<Result<Instance, StartFailure>> => {
    const key = revisionKey(entry.revision);
    const { signal } = entry.stopped;
    const attempt = async () => {
      if (delayMs > 0) await clock.sleep(delayMs, signal);
      const started = await start(entry.revision, signal);
      if (started.ok) void watch(entry, started.value);
      else if (persistence === "keep") again(entry);
      else if (entries.get(key) === entry) entries.delete(key);
      return started;
    };
    const starting = attempt();
    starting.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    return starting;
  };

  const watch = async (entry: Entry, instance: Instance): Promise<void> => {
    await instance.process.exited.catch(() => undefined);
    again(entry);
  };

  /** Starts it anew after a crash; whoever waited for the last start has its outcome. */
  const again = (entry: Entry): void => {
    if (entry.stopped.signal.aborted || isClosed) return;
    const now = clock.monotonicMs();
    entry.crashes = [...entry.crashes.filter((at) => at > now - CRASH_WINDOW_MS), now];
    entry.starting = begin(entry, restartDelayMs(entry.crashes, now), "keep");
  };

  const stop = async (entry: Entry, graceMs: number): Promise<void> => {
    entry.stopped.abort();
    const started = await entry.starting?.catch(() => undefined);
    if (started?.ok) await started.value.process.stop(graceMs).catch(() => undefined);
  };

  return {
    ensure(revision, persistence) {
      const key = revisionKey(revision);
      const known = entries.get(key);
      if (known?.starting !== undefined) return known.starting;
      if (isClosed) return Promise.reject(new Error("the cloud is closed"));
      const made: Entry = { revision, stopped: new AbortController(), starting: undefined, crashes: [] };
      entries.set(key, made);
      made.starting = begin(made, 0, persistence);
      return made.starting;
    },
    running: () => [...entries.keys()],
    enter: inFlight.enter,
    async release(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      entries.delete(key); // from here on, whoever needs the revision starts another
      const deadline = clock.monotonicMs() + DRAIN_MS;
      while (inFlight.has(key) && clock.monotonicMs() < deadline && !isClosed) await clock.sleep(DRAIN_POLL_MS);
      await stop(entry, isClosed ? CLOSE_GRACE_MS : STOP_GRACE_MS);
    },
    async close() {
      isClosed = true;
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map((entry) => stop(entry, CLOSE_GRACE_MS)));
    },
  };
}

function countRequests() {
  const counts = new Map<string, number>();
  return {
    has: (key: string) => counts.has(key),
    enter(key: string) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      let hasLeft = false;
      return () => {
        if (hasLeft) return;
        hasLeft = true;
        const left = (counts.get(key) ?? 1) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      };
    },
  };
}

/** Doubles with each crash of the last minute; after too many, until the oldest of them is a minute ago. */
export function restartDelayMs(crashes: readonly number[], nowMs: number): number {
  const oldest = crashes.at(-MAX_CRASHES);
  if (crashes.length >= MAX_CRASHES && oldest !== undefined) return Math.max(0, oldest + CRASH_WINDOW_MS - nowMs);
  return Math.min(BACKOFF_MS.first * 2 ** Math.max(0, crashes.length - 1), BACKOFF_MS.most);
}
