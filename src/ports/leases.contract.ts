import { describe, expect, it } from "vitest";
import type { Fence } from "./event-log.ts";
import type { Leases, Timers } from "./leases.ts";

/** Leases and timers under test. */
export interface LeasesHarness extends AsyncDisposable {
  readonly leases: Leases;
  readonly timers: Timers;
  /** Lets the time of a lease run out. */
  expire(lease: string): Promise<void>;
}

const MINUTE_MS = 60_000;

/** What all leases and timers keep to. Runs on the fakes and on PostgreSQL. */
export function describeLeases(label: string, start: () => Promise<LeasesHarness>): void {
  describe(`${label}: leases`, () => {
    it("gives a lease to one holder, and tells others who has it", async () => {
      await using h = await start();
      const fence = await acquired(h.leases, "ada");
      expect(await h.leases.holds(fence)).toBe(true);
      const second = await h.leases.acquire({ lease: "environment/staging", holder: "bob", ttlMs: MINUTE_MS });
      expect(second).toEqual({ kind: "held", holder: "ada" });
      expect((await h.leases.acquire({ lease: "environment/dev", holder: "bob", ttlMs: MINUTE_MS })).kind).toBe(
        "acquired",
      );
    });

    it("lets exactly one of many win", async () => {
      await using h = await start();
      const tries = Array.from({ length: 8 }, (_, index) =>
        h.leases.acquire({ lease: "environment/staging", holder: `server ${index}`, ttlMs: MINUTE_MS }),
      );
      const outcomes = await Promise.all(tries);
      expect(outcomes.filter((outcome) => outcome.kind === "acquired")).toHaveLength(1);
    });

    it("gives the same holder a new token, and takes the old one's rights", async () => {
      await using h = await start();
      const first = await acquired(h.leases, "ada");
      const second = await acquired(h.leases, "ada");
      expect(second.token).toBeGreaterThan(first.token);
      expect(await h.leases.holds(first)).toBe(false);
      expect(await h.leases.renew(first, MINUTE_MS)).toBe(false);
      expect(await h.leases.holds(second)).toBe(true);
    });

    it("ends by its time, and then neither holds nor is renewed", async () => {
      await using h = await start();
      const lost = await acquired(h.leases, "ada");
      await h.expire("environment/staging");
      expect(await h.leases.holds(lost)).toBe(false);
      expect(await h.leases.renew(lost, MINUTE_MS)).toBe(false);
      const taken = await acquired(h.leases, "bob");
      expect(taken.token).toBeGreaterThan(lost.token);
      await h.leases.release(lost);
      expect(await h.leases.holds(taken)).toBe(true);
    });

    it("lasts as long as it is renewed", async () => {
      await using h = await start();
      const outcome = await h.leases.acquire({ lease: "environment/staging", holder: "ada", ttlMs: 1 });
      if (outcome.kind === "held") throw new Error("held");
      const fence = await acquired(h.leases, "ada");
      expect(await h.leases.renew(fence, MINUTE_MS)).toBe(true);
      expect(await h.leases.holds(fence)).toBe(true);
    });

    it("can be given back, and its token still only grows", async () => {
      await using h = await start();
      const first = await acquired(h.leases, "ada");
      await h.leases.release(first);
      await h.leases.release(first);
      expect(await h.leases.holds(first)).toBe(false);
      expect((await acquired(h.leases, "bob")).token).toBeGreaterThan(first.token);
    });
  });

  describe(`${label}: timers`, () => {
    it("gives those that are due, earliest first, until they are cleared", async () => {
      await using h = await start();
      await h.timers.set({ stream: "release/REL-1", name: "soak", dueAt: 300 });
      await h.timers.set({ stream: "release/REL-1", name: "deadline", dueAt: 200 });
      await h.timers.set({ stream: "release/REL-2", name: "soak", dueAt: 100 });
      expect(await h.timers.due(99)).toEqual([]);
      expect((await h.timers.due(200)).map((timer) => timer.dueAt)).toEqual([100, 200]);
      await h.timers.clear("release/REL-2", "soak");
      await h.timers.clear("release/REL-2", "soak");
      expect(await h.timers.due(200)).toEqual([{ stream: "release/REL-1", name: "deadline", dueAt: 200 }]);
    });

    it("moves one that is set again", async () => {
      await using h = await start();
      await h.timers.set({ stream: "build/a", name: "deadline", dueAt: 100 });
      await h.timers.set({ stream: "build/a", name: "deadline", dueAt: 900 });
      expect(await h.timers.due(500)).toEqual([]);
      expect(await h.timers.due(900)).toHaveLength(1);
    });

    it("gives at most 100 at a time", async () => {
      await using h = await start();
      for (let n = 0; n < 103; n++) await h.timers.set({ stream: `build/${n}`, name: "deadline", dueAt: n });
      const due = await h.timers.due(1_000);
      expect(due).toHaveLength(100);
      expect(due.at(-1)?.dueAt).toBe(99);
    });
  });
}

async function acquired(leases: Leases, holder: string): Promise<Fence> {
  const outcome = await leases.acquire({ lease: "environment/staging", holder, ttlMs: MINUTE_MS });
  if (outcome.kind === "held") throw new Error(`held by ${outcome.holder}`);
  return outcome.fence;
}
