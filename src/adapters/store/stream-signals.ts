import { Client, type ClientConfig } from "pg";
import type { Clock } from "../../ports/clock.ts";

/** Followers look by themselves this often, for a notification can be lost with its connection. */
const LOOK_EVERY_MS = 1_000;
const LONGEST_PAUSE_MS = 2_000;

/** Says when a stream may have something new: sometimes without need, never too seldom. */
export interface StreamSignals {
  watch(stream: string): StreamWatch;
  /** Aborts when the store is closed. */
  readonly closed: AbortSignal;
  close(): Promise<void>;
}

/** One follower's view of its stream. */
interface StreamWatch {
  /** Forgets what was said so far. */
  reset(): void;
  /** Resolves when something was said since `reset`, when it is time to look anyway, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * One connection that listens for all followers of a store, opened when the first of them comes. While it is away the
 * followers look by themselves; when it is back all look once.
 */
export function listenToStreams(options: { readonly connection: ClientConfig; readonly clock: Clock }): StreamSignals {
  const watches = new Map<string, Set<() => void>>();
  const closed = new AbortController();
  let listening: Promise<void> | undefined;

  const wake = (stream: string) => {
    for (const say of watches.get(stream) ?? []) say();
  };
  const wakeAll = () => {
    for (const stream of watches.keys()) wake(stream);
  };

  return {
    closed: closed.signal,
    watch(stream) {
      listening ??= listen({ ...options, onStream: wake, onListening: wakeAll, signal: closed.signal });
      const those = watches.get(stream) ?? new Set();
      let said = new AbortController();
      const say = () => said.abort();
      watches.set(stream, those.add(say));
      return {
        reset() {
          said = new AbortController();
        },
        changed: (signal) => options.clock.sleep(LOOK_EVERY_MS, AbortSignal.any([signal, said.signal])),
        close() {
          those.delete(say);
          if (those.size === 0 && watches.get(stream) === those) watches.delete(stream);
        },
      };
    },
    async close() {
      closed.abort();
      await listening;
    },
  };
}

interface Listening {
  readonly connection: ClientConfig;
  readonly clock: Clock;
  readonly onStream: (stream: string) => void;
  readonly onListening: () => void;
  readonly signal: AbortSignal;
}

async function listen({ connection, clock, onStream, onListening, signal }: Listening): Promise<void> {
  for (let pauseMs = 50; !signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const client = new Client({
      application_name: "mobius/store-listen",
      ...connection,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    const lost = latch();
    client.on("error", lost.reach);
    client.on("end", lost.reach);
    client.on("notification", ({ payload }) => onStream(payload ?? ""));
    signal.addEventListener("abort", lost.reach);
    try {
      await client.connect();
      await client.query("LISTEN mobius_events");
      onListening();
      pauseMs = 50;
      await lost.reached;
    } catch {
      // Tried again below; meanwhile the followers look by themselves.
    } finally {
      signal.removeEventListener("abort", lost.reach);
      await client.end().catch(() => {});
    }
    await clock.sleep(pauseMs, signal);
  }
}

function latch(): { readonly reached: Promise<void>; readonly reach: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { reached: promise, reach: () => resolve() };
}
