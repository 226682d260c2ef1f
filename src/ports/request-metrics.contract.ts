import { describe, expect, it } from "vitest";
import { summariseRequests } from "../core/metrics/requests.ts";
import { fromIso, instant } from "../core/values/time.ts";
import type { EndedRequest } from "./request-metrics.fake.ts";
import type { RequestMetrics } from "./request-metrics.ts";

/** A cloud that has served nothing yet. Requests are counted in the order of their times. */
export interface RequestMetricsHarness extends AsyncDisposable {
  readonly requestMetrics: RequestMetrics;
  readonly count: (request: EndedRequest) => void;
}

const START = fromIso("2026-11-27T10:00:00Z");
const MINUTE_MS = 60_000;
const minute = (number: number) => instant(START + number * MINUTE_MS);
const HOUR = { from: START, until: minute(60), sliceMs: MINUTE_MS };

/** What all of them keep to. Runs on the fake and on the embedded cloud. */
export function describeRequestMetrics(label: string, start: () => Promise<RequestMetricsHarness>): void {
  describe(`${label}: requests of services`, () => {
    const of = (revision: string, more: Partial<EndedRequest> = {}): EndedRequest => ({
      service: revision.split("-")[0] ?? "",
      revision,
      status: 200,
      durationMs: 20,
      at: START,
      ...more,
    });

    it("are none where nothing was counted", async () => {
      await using h = await start();
      expect(await h.requestMetrics.read(HOUR)).toEqual([]);
    });

    it("are told by revision, slice and class of status", async () => {
      await using h = await start();
      for (const status of [200, 204, 404, 503]) h.count(of("api-1", { status, at: instant(minute(2) + 1) }));
      h.count(of("api-1", { at: minute(5) }));
      h.count(of("web-1", { at: minute(5) }));
      const read = await h.requestMetrics.read(HOUR);
      const shown = read.map(({ slices, ...names }) => ({
        ...names,
        slices: slices.map(({ from, counts }) => ({ from, counts })),
      }));
      expect(shown).toEqual([
        {
          service: "api",
          revision: "api-1",
          slices: [
            { from: minute(2), counts: { "2xx": 2, "4xx": 1, "5xx": 1 } },
            { from: minute(5), counts: { "2xx": 1 } },
          ],
        },
        { service: "web", revision: "web-1", slices: [{ from: minute(5), counts: { "2xx": 1 } }] },
      ]);
    });

    it("have latencies over all classes, whose percentiles are near what was counted", async () => {
      await using h = await start();
      for (let each = 0; each < 98; each += 1) h.count(of("api-1"));
      for (let each = 0; each < 2; each += 1) h.count(of("api-1", { status: 500, durationMs: 2_000 }));
      const [read] = await h.requestMetrics.read(HOUR);
      const summary = summariseRequests(read?.slices ?? []);
      expect(summary).toMatchObject({ requests: 100, errorPercent: 2 });
      expect(summary?.latencyMs?.p50).toBeGreaterThan(5);
      expect(summary?.latencyMs?.p50).toBeLessThan(50);
      expect(summary?.latencyMs?.p99).toBeGreaterThan(1_000);
      expect(summary?.latencyMs?.p99).toBeLessThan(4_000);
    });

    it("are those of the window, and of no minute beside it", async () => {
      await using h = await start();
      for (const at of [0, 1, 2, 3]) h.count(of("api-1", { at: minute(at) }));
      const [read] = await h.requestMetrics.read({ from: minute(1), until: minute(3), sliceMs: MINUTE_MS });
      expect(read?.slices.map(({ from }) => from)).toEqual([minute(1), minute(2)]);
    });

    it("are put together in longer slices", async () => {
      await using h = await start();
      for (const at of [0, 4, 5, 14]) h.count(of("api-1", { at: minute(at) }));
      const [read] = await h.requestMetrics.read({ from: START, until: minute(15), sliceMs: 5 * MINUTE_MS });
      expect(read?.slices.map(({ from, counts }) => [from, counts["2xx"]])).toEqual([
        [minute(0), 2],
        [minute(5), 1],
        [minute(10), 1],
      ]);
    });
  });
}
