/** What an engine asks of the world in memory, what becomes of it, and what is noted of it. */
import type { Recorded } from "../../src/core/release/apply-event.ts";

export interface CrashPoint {
  /** Which call of the whole run, from 1. */
  readonly call: number;
  readonly side: "before" | "after";
}

/** One call of a port by an engine. */
export interface PortCall {
  /** Counts the calls of the whole run, from 1. */
  readonly number: number;
  /** Which engine makes it, from 1. */
  readonly life: number;
  /** Such as `services` and `setTraffic`. */
  readonly port: string;
  readonly method: string;
}

/** What becomes of a call otherwise than well. */
export type Fate =
  /** The engine is killed just before the call does anything, or after it and before its answer. */
  | { readonly kind: "kill"; readonly side: CrashPoint["side"] }
  /** The caller gets an error; where it is `applied`, the call did its work all the same. */
  | { readonly kind: "throw"; readonly isApplied: boolean; readonly reason: string }
  /** Somebody else changed the target meanwhile. Only services answer so; any other call throws. */
  | { readonly kind: "conflict" };

/** What happened in the world, in order: events as they were stored, and effects outside. */
export type HistoryEntry = {
  readonly life: number;
  /** The newest fence of the environment's lease that the engine was given, and the one that holds; 0 for none. */
  readonly ownToken: number;
  readonly token: number;
} & (
  | { readonly kind: "event"; readonly stream: string; readonly recorded: Recorded }
  | { readonly kind: "effect"; readonly effect: string; readonly subject: string; readonly detail: string }
);
