import { expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createMetrics } from "./metrics.ts";

const MINUTE_MS = 60_000;

/** Counters with a clock that the test sets. */
function startCounting() {
  let nowMs = 1_000 * MINUTE_MS;
  const metrics = createMetrics({ now: () => instant(nowMs) });
  return {
    metrics,
    pass: (minutes: number) => {
      nowMs += minutes * MINUTE_MS;
    },
    count: (revision: string) => metrics.count({ revision, status: 200, durationMs: 1 }),
  };
}

it("keeps the minutes of a day, and leaves out those without requests", () => {
  const { metrics, pass, count } = startCounting();
  count("r");
  pass(2);
  count("r");
  count("r");
  const minutes = () => metrics.read().revisions[0]?.minutes.map((each) => [each.minute, each.counts["2xx"]?.count]);
  expect(minutes()).toEqual([
    [1_000, 1],
    [1_002, 2],
  ]);
  pass(24 * 60 - 2);
  expect(minutes()).toEqual([[1_002, 2]]);
  expect(metrics.read().revisions[0]?.total["2xx"]?.count).toBe(3);
});

it("tells how many requests it did not count, and makes room after a silent day", () => {
  const { metrics, pass, count } = startCounting();
  for (let each = 0; each < 100; each++) count(`r${each}`);
  count("one more");
  count("one more");
  count("r0");
  expect(metrics.read()).toMatchObject({ dropped: 2, revisions: { length: 100 } });
  pass(24 * 60);
  count("one more");
  expect(metrics.read()).toMatchObject({ dropped: 2, revisions: [{ revision: "one more" }] });
});
