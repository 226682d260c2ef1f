import { expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import { keepMetrics } from "./kept-metrics.ts";
import { createMetrics } from "./metrics.ts";

const MINUTE_MS = 60_000;
/** An hour's last minute, so that the next is another document. */
const FIRST = 59 + 60 * 100;

/** Runs of a cloud one after another on the same documents, with a clock that the test sets. */
function createWorld() {
  const documents = createMemoryDocuments();
  let nowMs = FIRST * MINUTE_MS;
  let wake = () => {};
  const clock = {
    now: () => instant(nowMs),
    monotonicMs: () => nowMs,
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        wake = resolve;
        signal?.addEventListener("abort", () => resolve());
      }),
  };
  return {
    pass: (minutes: number) => {
      nowMs += minutes * MINUTE_MS;
    },
    flush: () => wake(),
    stored: async () =>
      (await documents.list({ collection: "run-metrics", prefix: "", limit: 10 })).map(({ key }) => key),
    async start() {
      const metrics = createMetrics(clock);
      const kept = keepMetrics({ metrics, documents, clock });
      await kept.start();
      return {
        close: () => kept.close(),
        count: () => metrics.count({ revision: "p/l/s/r", status: 200, durationMs: 1 }),
        total: () => metrics.read().revisions[0]?.total,
        minutes: () =>
          metrics.read().revisions[0]?.minutes.map((each) => [each.minute - FIRST, each.counts["2xx"]?.count]),
      };
    },
  };
}

it("goes on with the minutes of the run before, and has no minute in which nothing ran", async () => {
  const world = createWorld();
  const before = await world.start();
  before.count();
  world.pass(1);
  before.count();
  await before.close();
  const after = await world.start();
  expect(after.total()).toEqual({});
  after.count();
  world.pass(3);
  after.count();
  await after.close();
  expect((await world.start()).minutes()).toEqual([
    [0, 1],
    [1, 2],
    [4, 1],
  ]);
});

it("writes while it runs, so that a crash takes little", async () => {
  const world = createWorld();
  const crashing = await world.start();
  crashing.count();
  world.flush();
  await expect.poll(world.stored).toHaveLength(1);
  crashing.count();
  expect((await world.start()).minutes()).toEqual([[0, 1]]);
});

it("forgets what is older than a day", async () => {
  const world = createWorld();
  const before = await world.start();
  before.count();
  await before.close();
  world.pass(24 * 60);
  const after = await world.start();
  expect(after.minutes()).toBeUndefined();
  expect(await world.stored()).toEqual([]);
});
