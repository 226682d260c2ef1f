import { percentileOf } from "./distribution.ts";

/** Upper bounds of the histogram's buckets in ms, each inclusive; one more bucket takes what is slower. Kept data has this shape. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
];

/** How long requests took, as a histogram. */
export interface Latencies {
  readonly count: number;
  readonly sumMs: number;
  /** One number per bound, and one for what is slower than all. */
  readonly buckets: readonly number[];
}

/** Of no request. */
export const NO_LATENCIES: Latencies = { count: 0, sumMs: 0, buckets: [...LATENCY_BOUNDS_MS, 0].map(() => 0) };

/** One request more. */
export function addLatency({ count, sumMs, buckets }: Latencies, durationMs: number): Latencies {
  const fitting = LATENCY_BOUNDS_MS.findIndex((bound) => durationMs <= bound);
  const bucket = fitting < 0 ? LATENCY_BOUNDS_MS.length : fitting;
  return {
    count: count + 1,
    sumMs: sumMs + durationMs,
    buckets: buckets.map((each, index) => (index === bucket ? each + 1 : each)),
  };
}

/** Both together. */
export function mergeLatencies(one: Latencies, other: Latencies): Latencies {
  return {
    count: one.count + other.count,
    sumMs: one.sumMs + other.sumMs,
    buckets: one.buckets.map((each, index) => each + (other.buckets[index] ?? 0)),
  };
}

/** The time in ms within which that percentage (above 0, at most 100) of the requests ended. Undefined for no requests. */
export function percentile({ buckets }: Latencies, percent: number): number | undefined {
  return percentileOf({ bounds: LATENCY_BOUNDS_MS, buckets }, percent);
}
