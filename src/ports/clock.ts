import type { Instant } from "../core/values/time.ts";

/** Time, as the engine sees it. Order between processes comes from sequence numbers, never from a clock. */
export interface Clock {
  now(): Instant;
  /** Milliseconds that only grow, for durations inside one process. */
  monotonicMs(): number;
  /** Resolves after the time, or at once and without error when the signal aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** Names and randomness. */
export interface Ids {
  /** Lower-case UUID v4. */
  uuid(): string;
  /** Lower-case hex of that many random bytes. */
  randomHex(bytes: number): string;
}
