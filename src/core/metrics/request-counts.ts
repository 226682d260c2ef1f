import type { Instant } from "../values/time.ts";
import { addLatency, type Latencies, mergeLatencies, NO_LATENCIES } from "./latencies.ts";

/** Requests of one revision in some time, by class of status: `2xx`, `5xx`, … A class without requests is absent. */
export type RequestCounts = Readonly<Record<string, Latencies>>;

/** Minutes since 1970: the grain in which requests are kept. */
export type Minute = number;

/** How many minutes are kept: 24 h. */
export const KEPT_MINUTES = 24 * 60;

const MINUTE_MS = 60_000;

/** The minute in which this is. */
export function minuteOf(at: Instant): Minute {
  return Math.floor(at / MINUTE_MS);
}

/** Whether it is among the minutes that are kept now. */
export function isKept(minute: Minute, now: Instant): boolean {
  return minute > minuteOf(now) - KEPT_MINUTES;
}

/** One request more. */
export function countRequest(
  counts: RequestCounts,
  { status, durationMs }: { readonly status: number; readonly durationMs: number },
): RequestCounts {
  const statusClass = `${Math.floor(status / 100)}xx`;
  return { ...counts, [statusClass]: addLatency(counts[statusClass] ?? NO_LATENCIES, durationMs) };
}

/** Both together. */
export function mergeCounts(one: RequestCounts, other: RequestCounts): RequestCounts {
  const merged = Object.entries(other).map(([statusClass, latencies]) => [
    statusClass,
    mergeLatencies(one[statusClass] ?? NO_LATENCIES, latencies),
  ]);
  return { ...one, ...Object.fromEntries(merged) };
}

/** Requests per second over that many minutes. */
export function ratePerSecond(counts: RequestCounts, minutes: number): number {
  const count = Object.values(counts).reduce((sum, each) => sum + each.count, 0);
  return count / (minutes * 60);
}
