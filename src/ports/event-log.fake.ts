import { err, ok } from "../core/values/result.ts";
import type { EventLog, Fence, NewEvent, StoredEvent } from "./event-log.ts";

/** Payloads above this many characters of JSON are a bug of the writer. */
const MAX_PAYLOAD = 1024 * 1024;

/**
 * An event log in memory. `holds` says whether a fence still counts; without it every fence does. Events are kept as
 * JSON, so that a reader never shares an object with the writer.
 */
export function createMemoryEventLog(options: { readonly holds?: (fence: Fence) => boolean } = {}): EventLog {
  const streams = new Map<string, string[]>();
  const counters = new Map<string, number>();
  const waiting = new Set<() => void>();
  let lastId = 0;

  const read = <E extends { readonly type: string }>(stream: string, after = 0): readonly StoredEvent<E>[] =>
    (streams.get(stream) ?? []).slice(after).map((text) => JSON.parse(text) as StoredEvent<E>);

  return {
    async append({ stream, expectedSequence, events, fence }) {
      const actual = streams.get(stream)?.length ?? 0;
      if (fence !== undefined && options.holds?.(fence) === false) {
        return err({ kind: "fenced-out", lease: fence.lease });
      }
      if (actual !== expectedSequence) return err({ kind: "sequence-conflict", actual });
      const texts = events.map((event, index) => stored(event, { stream, sequence: actual + index + 1, id: ++lastId }));
      if (texts.length > 0) streams.set(stream, [...(streams.get(stream) ?? []), ...texts]);
      for (const wake of [...waiting]) wake();
      return ok(read(stream, actual));
    },
    read: async (stream, afterSequence) => read(stream, afterSequence),
    async streams({ prefix, limit }) {
      const names = [...streams.keys()].filter((name) => name.startsWith(prefix));
      return names.reverse().slice(0, limit);
    },
    async *follow(stream, afterSequence, signal) {
      let seen = afterSequence;
      while (!signal.aborted) {
        for (const event of read<never>(stream, seen)) {
          if (signal.aborted) return;
          seen = event.sequence;
          yield event;
        }
        if ((streams.get(stream)?.length ?? 0) <= seen) await nextAppend(waiting, signal);
      }
    },
    async nextNumber(series) {
      const next = (counters.get(series) ?? 0) + 1;
      counters.set(series, next);
      return next;
    },
  };
}

function stored(event: NewEvent, place: { stream: string; sequence: number; id: number }): string {
  const text = JSON.stringify({ ...event, ...place });
  if (text.length > MAX_PAYLOAD) throw new RangeError(`an event of ${place.stream} has ${text.length} characters`);
  return text;
}

function nextAppend(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    if (signal.aborted) return resolve();
    waiting.add(wake);
    signal.addEventListener("abort", wake);
  });
}
