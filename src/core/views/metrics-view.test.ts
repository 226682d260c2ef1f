import { describe, expect, it } from "vitest";
import { rolledBack, secondsIn, someRelease } from "../../../test/support/release-values.ts";
import { LATENCY_BOUNDS_MS } from "../metrics/latencies.ts";
import { type RequestSlice, sliceMinutes } from "../metrics/requests.ts";
import { metricsText } from "./metrics-text.ts";
import { type MetricsInput, metricsView } from "./metrics-view.ts";

/** A slice whose requests all took between 10 and 25 ms. */
function slice(minute: number, counts: Readonly<Record<string, number>>): RequestSlice {
  const count = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const buckets = [...LATENCY_BOUNDS_MS, Number.POSITIVE_INFINITY].map((bound) => (bound === 25 ? count : 0));
  return { from: secondsIn(minute * 60), counts, latencies: { bounds: LATENCY_BOUNDS_MS, buckets } };
}

const INPUT: MetricsInput = {
  environment: "staging",
  from: secondsIn(0),
  until: secondsIn(600),
  sliceMs: 60_000,
  requests: [
    { service: "api", revision: "api-rel6-1", slices: [slice(0, { "2xx": 99, "5xx": 1 })] },
    { service: "api", revision: "api-rel7-1", slices: [slice(1, { "2xx": 60 }), slice(5, { "2xx": 30, "4xx": 30 })] },
  ],
  traffic: [
    { service: "api", revision: "api-rel7-1", percent: 100 },
    { service: "worker", revision: "worker-rel7-1", percent: 100 },
  ],
  releases: [someRelease(), someRelease({ id: "REL-8", shifts: [] })],
};

describe("metrics of an environment", () => {
  it("are by service and revision, what has the traffic first, and only 5xx are errors", () => {
    const { revisions } = metricsView(INPUT);
    expect(revisions.map(({ revision, trafficPercent }) => [revision, trafficPercent])).toEqual([
      ["api-rel7-1", 100],
      ["api-rel6-1", 0],
      ["worker-rel7-1", 100],
    ]);
    const [now, before] = revisions;
    expect(now?.measured).toEqual({
      requests: 120,
      requestsPerSecond: 0.2,
      errorPercent: 0,
      latencyMs: { p50: 17.5, p95: 24.25, p99: 24.85 },
    });
    expect(before?.measured).toMatchObject({ requests: 100, errorPercent: 1 });
  });

  it("say nothing where nothing is known: no zero, no slice", () => {
    const { revisions } = metricsView(INPUT);
    expect(revisions[2]).toEqual({ service: "worker", revision: "worker-rel7-1", trafficPercent: 100, slices: [] });
    expect(revisions[0]?.slices.map(({ from }) => from)).toEqual([
      new Date(secondsIn(60)).toISOString(),
      new Date(secondsIn(300)).toISOString(),
    ]);
  });

  it("are marked by the releases of that time and environment that moved traffic", () => {
    const elsewhere = someRelease();
    const production = { ...elsewhere, plan: { ...elsewhere.plan, environment: "production" } };
    const { marks } = metricsView({ ...INPUT, releases: [rolledBack({ id: "REL-9" }), ...INPUT.releases, production] });
    const moved = (release: string, revision: string, what: string) =>
      expect.objectContaining({ release, revision, what, service: "api" });
    expect(marks).toEqual([
      moved("REL-9", "api-rel7-1", "shifted"),
      moved("REL-7", "api-rel7-1", "shifted"),
      moved("REL-9", "api-rel6-1", "restored"),
    ]);
    expect(metricsView({ ...INPUT, from: secondsIn(42) }).marks).toEqual([]);
  });

  it("are of one service where one is asked for", () => {
    const view = metricsView({ ...INPUT, service: "worker" });
    expect(view.revisions.map(({ service }) => service)).toEqual(["worker"]);
    expect(view.marks).toEqual([]);
  });

  it("are a table for people", () => {
    expect(metricsText(metricsView(INPUT))).toBe(
      `
staging: requests that ended from 2026-09-21T14:13:20.000Z to 2026-09-21T14:23:20.000Z

SERVICE  REVISION       TRAFFIC  REQUESTS  PER S  5XX    P50    P95    P99        KNOWN
api      api-rel7-1       100 %       120    0.2  0 %  18 ms  24 ms  25 ms  2 of 10 min
api      api-rel6-1         0 %       100   0.17  1 %  18 ms  24 ms  25 ms  1 of 10 min
worker   worker-rel7-1    100 %  nothing known

Releases that moved traffic:
  2026-09-21T14:14:01.000Z  REL-7 gave api to api-rel7-1

Time that is not KNOWN had no request that was counted; that is not the same as none.
`.trim(),
    );
    const nothing = { ...INPUT, requests: [], traffic: [], releases: [] };
    expect(metricsText(metricsView(nothing))).toContain("Nothing is known");
  });

  it("come in few enough slices to look at, none shorter than a minute", () => {
    for (const minutes of [1, 60, 90, 360, 720, 1_440]) {
      expect(minutes / sliceMinutes(minutes)).toBeLessThanOrEqual(72);
      expect(sliceMinutes(minutes)).toBeGreaterThanOrEqual(1);
    }
    expect(sliceMinutes(60)).toBe(1);
  });
});
