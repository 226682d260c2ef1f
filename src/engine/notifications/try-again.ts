import type { Instant } from "../../core/values/time.ts";

const FIRST_MS = 1_000;
const LONGEST_MS = 1_800_000;
/** A message that is older, or was tried more often, is given up and shown as failed. */
export const MAX_AGE_MS = 24 * 3_600_000;
/** Some eight hours of pauses at their mean. */
export const MAX_TRIES = 40;

/**
 * Pause before the next try, in milliseconds. Exponential with full jitter, so that messages that failed together do not
 * come back together. `tries` counts tries made, from 1; `random` is a draw in [0, 1).
 */
export function pauseMs(tries: number, random: number): number {
  return Math.floor(random * Math.min(FIRST_MS * 2 ** Math.min(tries - 1, 30), LONGEST_MS));
}

/** Whether a message may be tried once more at the instant. */
export function isWorthATry({ createdAt, tries, at }: { createdAt: Instant; tries: number; at: Instant }): boolean {
  return tries < MAX_TRIES && at - createdAt < MAX_AGE_MS;
}
