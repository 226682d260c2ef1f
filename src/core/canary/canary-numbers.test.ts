import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addLatency, LATENCY_BOUNDS_MS, NO_LATENCIES } from "../metrics/latencies.ts";
import type { RequestSlice } from "../metrics/requests.ts";
import { instant } from "../values/time.ts";
import { canaryNumbers, canaryWindow, SLICE_MS } from "./canary-numbers.ts";

const SPLIT = { service: "api", serving: "api-1", candidate: "api-2" };
const MINUTE = instant(29_000_000 * SLICE_MS);

/** Requests of one minute; those with a duration below 0 failed. */
function slice(minute: number, durations: readonly number[]): RequestSlice {
  const buckets = durations.reduce((all, each) => addLatency(all, Math.abs(each)), NO_LATENCIES).buckets;
  const failed = durations.filter((each) => each < 0).length;
  const counts = { "2xx": durations.length - failed, "5xx": failed };
  return {
    from: instant(MINUTE + minute * SLICE_MS),
    counts: Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    latencies: { bounds: LATENCY_BOUNDS_MS, buckets },
  };
}

const of = (revision: string, ...slices: readonly RequestSlice[]) => ({ service: "api", revision, slices });

describe("the numbers of a canary step", () => {
  it("leave out what the candidate had been asked before the step, within its first minute and before it", () => {
    const before = [of("api-2", slice(0, [20, -20]))];
    const requests = [
      of("api-1", slice(-1, [10]), slice(0, [10, 10])),
      of("api-2", slice(-1, [1, 1, 1]), slice(0, [20, -20, 30, 30]), slice(1, [-30])),
      of("api-3", slice(0, [1])),
      { ...of("api-2", slice(0, [1])), service: "other" },
    ];
    const [numbers] = canaryNumbers([SPLIT], requests, { begunAt: instant(MINUTE + 30_000), before });
    expect(numbers).toMatchObject({ candidate: { requests: 3 }, serving: { requests: 3, errorPercent: 0 } });
    expect(numbers?.candidate?.errorPercent).toBeCloseTo(100 / 3);
    expect(numbers?.candidate?.latencyMs?.p50).toBeGreaterThan(25);
  });

  it("are missing where nothing was counted, also where a crash of the cloud took what had been", () => {
    const begun = { begunAt: MINUTE, before: [of("api-2", slice(0, [1, 1]))] };
    const missing = { service: "api", candidate: undefined, serving: undefined };
    expect(canaryNumbers([SPLIT], [], begun)).toEqual([missing]);
    expect(canaryNumbers([SPLIT], [of("api-2", slice(0, [1]))], begun)).toEqual([missing]);
  });

  const durations = fc.array(fc.integer({ min: -200, max: 200 }).filter((each) => each !== 0));
  it("are those of the requests since the step began, whatever came before", () => {
    fc.assert(
      fc.property(durations, durations, (earlier, later) => {
        const before = [of("api-2", slice(0, earlier))];
        const begun = { begunAt: MINUTE, before };
        const [both] = canaryNumbers([SPLIT], [of("api-2", slice(0, [...earlier, ...later]))], begun);
        const [alone] = canaryNumbers([SPLIT], [of("api-2", slice(0, later))], { ...begun, before: [] });
        expect(both).toEqual(alone);
      }),
    );
  });
});

describe("canaryWindow", () => {
  it("goes from as long before the first step as this one bakes to the end of this minute, in whole minutes", () => {
    const times = { firstBegunAt: instant(MINUTE + 30_000), bakeMs: 600_000, now: instant(MINUTE + 700_000) };
    expect(canaryWindow(times)).toEqual({
      from: MINUTE - 10 * SLICE_MS,
      until: MINUTE + 12 * SLICE_MS,
      sliceMs: SLICE_MS,
    });
  });

  it("is never empty, never more than a day, and a whole number of minutes", () => {
    const ms = fc.integer({ min: 0, max: 200_000_000 });
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: -200_000_000, max: 200_000_000 }), (begun, bakeMs, later) => {
        const firstBegunAt = instant(MINUTE + begun);
        const window = canaryWindow({ firstBegunAt, bakeMs, now: instant(firstBegunAt + later) });
        const slices = (window.until - window.from) / SLICE_MS;
        expect(Number.isInteger(slices)).toBe(true);
        expect(slices).toBeGreaterThanOrEqual(1);
        expect(slices).toBeLessThanOrEqual(24 * 60);
      }),
    );
  });
});
