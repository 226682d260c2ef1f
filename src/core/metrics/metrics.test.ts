import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instant } from "../values/time.ts";
import { addLatency, LATENCY_BOUNDS_MS, mergeLatencies, NO_LATENCIES, percentile } from "./latencies.ts";
import { countRequest, isKept, KEPT_MINUTES, mergeCounts, minuteOf, ratePerSecond } from "./request-counts.ts";

const durations = fc.array(fc.integer({ min: 0, max: 120_000 }));
const requests = fc.array(
  fc.record({ status: fc.integer({ min: 100, max: 599 }), durationMs: fc.integer({ min: 0, max: 120_000 }) }),
);
const histogramOf = (all: readonly number[]) => all.reduce(addLatency, NO_LATENCIES);
const countsOf = (all: readonly { status: number; durationMs: number }[]) => all.reduce(countRequest, {});

/** The bounds of the bucket that holds this time. */
function bucketOf(durationMs: number): { readonly lower: number; readonly upper: number } {
  const upper = LATENCY_BOUNDS_MS.find((bound) => durationMs <= bound);
  const last = LATENCY_BOUNDS_MS.at(-1) ?? 0;
  if (upper === undefined) return { lower: last, upper: last };
  return { lower: LATENCY_BOUNDS_MS.filter((bound) => bound < upper).at(-1) ?? 0, upper };
}

describe("a histogram of latencies", () => {
  it("holds each request in one bucket", () => {
    fc.assert(
      fc.property(durations, (all) => {
        const { count, sumMs, buckets } = histogramOf(all);
        expect(count).toBe(all.length);
        expect(sumMs).toBe(all.reduce((sum, each) => sum + each, 0));
        expect(buckets.reduce((sum, each) => sum + each, 0)).toBe(all.length);
        expect(buckets).toHaveLength(LATENCY_BOUNDS_MS.length + 1);
      }),
    );
  });

  it("is the same whether requests are counted together or apart", () => {
    fc.assert(
      fc.property(durations, durations, (one, other) => {
        expect(mergeLatencies(histogramOf(one), histogramOf(other))).toEqual(histogramOf([...one, ...other]));
      }),
    );
  });

  it("has its percentiles in the bucket of the request that they name", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1 }),
        fc.constantFrom(50, 95, 99, 100),
        (all, percent) => {
          const sorted = [...all].sort((a, b) => a - b);
          const named = sorted[Math.max(0, Math.ceil((all.length * percent) / 100) - 1)] ?? 0;
          const found = percentile(histogramOf(all), percent);
          expect(found).toBeGreaterThanOrEqual(bucketOf(named).lower);
          expect(found).toBeLessThanOrEqual(bucketOf(named).upper);
        },
      ),
    );
  });

  it("spreads requests evenly within a bucket, and has no percentile of nothing", () => {
    expect(percentile(histogramOf([60, 70, 80, 90]), 50)).toBe(75);
    expect(percentile(NO_LATENCIES, 50)).toBeUndefined();
  });
});

describe("counts of requests", () => {
  it("are by class, and add up however they are split", () => {
    fc.assert(
      fc.property(requests, requests, (one, other) => {
        const merged = mergeCounts(countsOf(one), countsOf(other));
        expect(merged).toEqual(countsOf([...one, ...other]));
        const failed = [...one, ...other].filter(({ status }) => status >= 500).length;
        expect(merged["5xx"]?.count ?? 0).toBe(failed);
        expect(ratePerSecond(merged, 2) * 120).toBeCloseTo(one.length + other.length);
      }),
    );
  });

  it("are kept for a day", () => {
    const now = instant(KEPT_MINUTES * 60_000 * 3 + 1);
    expect(isKept(minuteOf(now) - KEPT_MINUTES + 1, now)).toBe(true);
    expect(isKept(minuteOf(now) - KEPT_MINUTES, now)).toBe(false);
  });
});
