import type { ActorId } from "../core/values/ids.ts";
import type { Result } from "../core/values/result.ts";
import type { Instant } from "../core/values/time.ts";

/** What a producer hands in; the log adds id, sequence and time of storing. */
export interface NewEvent<E extends { readonly type: string } = { readonly type: string }> {
  readonly event: E;
  /** Schema version of the payload, from 1. */
  readonly version: number;
  readonly actor: ActorId;
  readonly at: Instant;
}

export interface StoredEvent<E extends { readonly type: string } = { readonly type: string }> extends NewEvent<E> {
  /** Grows over the whole log. */
  readonly id: number;
  /** `release/REL-7`, `build/<uuid>`. */
  readonly stream: string;
  /** From 1, without gaps, per stream. */
  readonly sequence: number;
}

/** A lease that must still be held for a write to count. */
export interface Fence {
  readonly lease: string;
  readonly holder: string;
  readonly token: number;
}

export type AppendRefusal =
  | { readonly kind: "sequence-conflict"; readonly actual: number }
  | { readonly kind: "fenced-out"; readonly lease: string };

/**
 * The append-only record of all events. The only write is an append with the expected sequence; a read sees every
 * append that was acknowledged. A payload holds at most 1 MiB of JSON.
 */
export interface EventLog {
  /** All or nothing. `expectedSequence` is the last sequence that the writer knows, 0 for a new stream. */
  append<E extends { readonly type: string }>(request: {
    readonly stream: string;
    readonly expectedSequence: number;
    readonly events: readonly NewEvent<E>[];
    readonly fence?: Fence;
  }): Promise<Result<readonly StoredEvent<E>[], AppendRefusal>>;
  /** In order, those after `afterSequence` (default 0). */
  read<E extends { readonly type: string }>(stream: string, afterSequence?: number): Promise<readonly StoredEvent<E>[]>;
  /** Names of streams that begin with the prefix, newest first. */
  streams(query: { readonly prefix: string; readonly limit: number }): Promise<readonly string[]>;
  /** Yields what is there after `afterSequence`, then what comes, until the signal aborts. Loses and repeats nothing. */
  follow<E extends { readonly type: string }>(
    stream: string,
    afterSequence: number,
    signal: AbortSignal,
  ): AsyncIterable<StoredEvent<E>>;
  /** The next number of a named series, from 1; a number is never given twice, but may be skipped. */
  nextNumber(series: string): Promise<number>;
}
