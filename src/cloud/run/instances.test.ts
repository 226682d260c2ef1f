import { describe, expect, it } from "vitest";
import { ok } from "../../core/values/result.ts";
import { instant } from "../../core/values/time.ts";
import type { ExitRecord } from "../../ports/processes.ts";
import { restartDelayMs } from "./instance-slot.ts";
import { createInstances } from "./instances.ts";
import { revisionKey, type StoredRevision } from "./resources.ts";

const revision: StoredRevision = {
  project: "p",
  location: "l",
  service: "api",
  revision: "api-1",
  uid: "u",
  createTime: "",
  serviceUid: "s",
  generation: 1,
  template: {},
  condition: { state: "CONDITION_SUCCEEDED", at: "" },
};

/** Processes that end when the test says so, on a clock that jumps. */
function world() {
  let nowMs = 0;
  const ends: ((record: ExitRecord) => void)[] = [];
  const delays: number[] = [];
  const instances = createInstances({
    clock: {
      now: () => instant(nowMs),
      monotonicMs: () => nowMs,
      sleep: async (durationMs) => {
        nowMs += durationMs;
        delays.push(durationMs);
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    start: async () => {
      const port = ends.length + 1;
      const exited = new Promise<ExitRecord>((resolve) => ends.push(resolve));
      const end = ends.at(-1);
      const stop = () => {
        end?.({ id: String(port), outcome: { kind: "signalled", signal: "SIGTERM" } });
        return exited;
      };
      return ok({ port, process: { id: String(port), pid: port, exited, stop } });
    },
  });
  const crash = async (index: number) => {
    ends[index]?.({ id: "x", outcome: { kind: "exited", code: 1 } });
    while (ends.length <= index + 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { instances, crash, delays, started: () => ends.length };
}

describe("instances", () => {
  it("shares one start between those who ask", async () => {
    const { instances, started } = world();
    const both = await Promise.all([instances.ensure(revision, "once"), instances.ensure(revision, "keep")]);
    expect(both[0]).toBe(both[1]);
    expect(started()).toBe(1);
  });

  it("starts a crashed one again, five times a minute at most", async () => {
    const { instances, crash, delays } = world();
    await instances.ensure(revision, "once");
    for (const index of [0, 1, 2, 3, 4]) await crash(index);
    expect(delays.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(delays[4]).toBe(60_000 - 1_500); // a minute after the first crash
    await instances.close();
  });

  it("does not start again what was released, and waits for its requests first", async () => {
    const { instances, started, delays } = world();
    await instances.ensure(revision, "once");
    const leave = instances.enter(revisionKey(revision));
    const released = instances.release(revisionKey(revision));
    await new Promise((resolve) => setImmediate(resolve));
    expect(delays.length).toBeGreaterThan(0);
    expect(instances.running()).toEqual([]);
    leave();
    await released;
    expect(started()).toBe(1);
  });

  it("starts nothing once it is closed", async () => {
    const { instances } = world();
    await instances.close();
    await expect(instances.ensure(revision, "once")).rejects.toThrow("closed");
  });
});

describe("instances of a revision with minInstanceCount", () => {
  const many = { ...revision, template: { scaling: { minInstanceCount: 3, maxInstanceCount: 5 } } };

  it("starts the others once the first is ready, and asks them in turn", async () => {
    const { instances, started } = world();
    const first = await instances.ensure(many, "once");
    expect(first).toMatchObject({ ok: true, value: { port: 1 } });
    while (started() < 3) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const asked = await Promise.all([1, 2, 3, 4, 5, 6].map(() => instances.ensure(many, "keep")));
    const ports = asked.flatMap((each) => (each.ok ? [each.value.port] : []));
    expect(ports.toSorted()).toEqual([1, 1, 2, 2, 3, 3]);
    await instances.close();
  });

  it("starts no more than maxInstanceCount allows", async () => {
    const { instances, started } = world();
    await instances.ensure({ ...many, template: { scaling: { minInstanceCount: 9, maxInstanceCount: 2 } } }, "once");
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(started()).toBe(2);
    await instances.close();
  });

  it("asks the others while one is being started again", async () => {
    const { instances, crash, started } = world();
    await instances.ensure(many, "once");
    while (started() < 3) await new Promise((resolve) => setImmediate(resolve));
    await crash(0);
    await new Promise((resolve) => setImmediate(resolve));
    const asked = await Promise.all([1, 2, 3].map(() => instances.ensure(many, "keep")));
    expect(asked.every((each) => each.ok && each.value.port !== 1)).toBe(true);
    await instances.close();
  });
});

describe("restartDelayMs", () => {
  it("waits until the oldest of five crashes is a minute ago", () => {
    expect(restartDelayMs([0], 0)).toBe(100);
    expect(restartDelayMs([0, 1, 2, 3, 4], 70_000)).toBe(0);
  });
});
