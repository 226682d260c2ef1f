import { present } from "../../core/values/assert.ts";
import type { Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import { createInstanceSlot, type InstanceSlot } from "./instance-slot.ts";
import { instanceCount, requestTimeoutMs } from "./instance-spec.ts";
import { revisionKey, type StoredRevision } from "./resources.ts";
import type { StartFailure } from "./start-container.ts";
import { type Instance, STOP_GRACE_MS } from "./start-instance.ts";

const DRAIN_POLL_MS = 20;
/** What instances get when the cloud itself is closed. */
const CLOSE_GRACE_MS = 2_000;

/** The instances of all revisions: one each, or as many as `minInstanceCount` says. */
export interface Instances {
  /**
   * An instance, in turn where there are several, started where there is none; several callers share one start. Where
   * the first start fails, `once` gives up, `keep` goes on trying. Further instances start once the first is ready.
   */
  ensure(revision: StoredRevision, persistence: "once" | "keep"): Promise<Result<Instance, StartFailure>>;
  /** Keys of revisions that have an instance, or one that is starting. */
  running(): readonly string[];
  /** Counts a request in flight, from before its instance is asked for; the answer ends it. */
  enter(key: string): () => void;
  /** Stops those of a revision once their requests ended, or had the revision's timeout to. */
  release(key: string): Promise<void>;
  /** Stops all; none starts afterwards. */
  close(): Promise<void>;
}

interface Fleet {
  readonly revision: StoredRevision;
  readonly slots: Set<InstanceSlot>;
  turn: number;
}

/** `start` starts one instance and waits until it is ready. */
export function createInstances(options: {
  readonly start: (revision: StoredRevision, signal: AbortSignal) => Promise<Result<Instance, StartFailure>>;
  readonly clock: Clock;
}): Instances {
  const { start, clock } = options;
  const fleets = new Map<string, Fleet>();
  const inFlight = countRequests();
  let isClosed = false;

  const addSlot = (fleet: Fleet, persistence: "once" | "keep"): InstanceSlot => {
    const slot = createInstanceSlot({
      start: (signal) => start(fleet.revision, signal),
      clock,
      persistence,
      onReady: () => fill(fleet),
      onGivenUp() {
        fleet.slots.delete(slot);
        const key = revisionKey(fleet.revision);
        if (fleet.slots.size === 0 && fleets.get(key) === fleet) fleets.delete(key);
      },
    });
    fleet.slots.add(slot);
    return slot;
  };
  /** One that starts proves that the others can: a broken revision starts one process, not twenty. */
  const fill = (fleet: Fleet): void => {
    const isServing = !isClosed && fleets.get(revisionKey(fleet.revision)) === fleet;
    while (isServing && fleet.slots.size < instanceCount(fleet.revision.template)) addSlot(fleet, "keep");
  };
  const stopAll = async ({ slots }: Fleet, graceMs: number): Promise<void> => {
    await Promise.all([...slots].map((slot) => slot.stop(graceMs)));
  };

  return {
    ensure(revision, persistence) {
      const key = revisionKey(revision);
      const known = fleets.get(key);
      if (known !== undefined) return inTurn(known).current();
      if (isClosed) return Promise.reject(new Error("the cloud is closed"));
      const fleet: Fleet = { revision, slots: new Set(), turn: 0 };
      fleets.set(key, fleet);
      return addSlot(fleet, persistence).current();
    },
    running: () => [...fleets.keys()],
    enter: inFlight.enter,
    async release(key) {
      const fleet = fleets.get(key);
      if (fleet === undefined) return;
      fleets.delete(key); // from here on, whoever needs the revision starts others
      const isOver = inFlight.untilOver(key);
      const deadline = clock.monotonicMs() + requestTimeoutMs(fleet.revision.template);
      while (!isOver() && clock.monotonicMs() < deadline && !isClosed) await clock.sleep(DRAIN_POLL_MS);
      await stopAll(fleet, isClosed ? CLOSE_GRACE_MS : STOP_GRACE_MS);
    },
    async close() {
      isClosed = true;
      const all = [...fleets.values()];
      fleets.clear();
      await Promise.all(all.map((fleet) => stopAll(fleet, CLOSE_GRACE_MS)));
    },
  };
}

function inTurn(fleet: Fleet): InstanceSlot {
  const ready = [...fleet.slots].filter((slot) => slot.isReady());
  fleet.turn += 1;
  return present(ready[fleet.turn % ready.length] ?? [...fleet.slots][0], "a fleet has a slot");
}

function countRequests() {
  const counts = new Map<string, Set<symbol>>();
  return {
    enter(key: string) {
      const request = Symbol(key);
      const requests = counts.get(key) ?? new Set();
      counts.set(key, requests.add(request));
      return () => {
        requests.delete(request);
        if (requests.size === 0 && counts.get(key) === requests) counts.delete(key);
      };
    },
    /** Whether those that are in flight now have ended by then; later ones have other instances. */
    untilOver(key: string): () => boolean {
      const now = [...(counts.get(key) ?? [])];
      return () => !now.some((request) => counts.get(key)?.has(request));
    },
  };
}
