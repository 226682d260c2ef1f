import { describe, expect, it } from "vitest";
import { actorId } from "../core/values/ids.ts";
import { instant } from "../core/values/time.ts";
import type { EventLog, Fence, NewEvent, StoredEvent } from "./event-log.ts";

type Noted = { readonly type: "noted"; readonly text: string };

/** One log to test, with what a case may need of its surroundings. */
export interface EventLogHarness extends AsyncDisposable {
  readonly log: EventLog;
  /** A fence that holds, and one of the same lease that no longer does. Absent where leases are not enforced. */
  readonly fences?: { readonly held: Fence; readonly lost: Fence };
}

/** What every event log keeps to. Runs on the fake and on PostgreSQL. */
export function describeEventLog(label: string, start: () => Promise<EventLogHarness>): void {
  describe(`${label}: event log`, () => {
    it("gives dense sequences per stream and ids that grow over all", async () => {
      await using h = await start();
      const first = await appended(h.log, "build/a", 0, ["one", "two"]);
      const other = await appended(h.log, "build/b", 0, ["else"]);
      const third = await appended(h.log, "build/a", 2, ["three"]);
      expect(first.map((event) => event.sequence)).toEqual([1, 2]);
      expect(third.map((event) => event.sequence)).toEqual([3]);
      const ids = [...first, ...other, ...third].map((event) => event.id);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(new Set(ids).size).toBe(4);
    });

    it("reads back what was written, in order and after a sequence", async () => {
      await using h = await start();
      await appended(h.log, "release/REL-1", 0, ["one", "zwei ☂", "three"]);
      const all = await h.log.read<Noted>("release/REL-1");
      expect(all.map((event) => event.event.text)).toEqual(["one", "zwei ☂", "three"]);
      expect(all[0]).toMatchObject({ stream: "release/REL-1", sequence: 1, version: 1, actor: "system", at: 1_000 });
      expect((await h.log.read<Noted>("release/REL-1", 2)).map((event) => event.event.text)).toEqual(["three"]);
      expect(await h.log.read("release/REL-none")).toEqual([]);
    });

    it("refuses an append that did not know the newest event, and writes nothing of it", async () => {
      await using h = await start();
      await appended(h.log, "build/a", 0, ["one"]);
      const refused = await h.log.append({ stream: "build/a", expectedSequence: 0, events: notes(["late", "later"]) });
      expect(refused).toEqual({ ok: false, error: { kind: "sequence-conflict", actual: 1 } });
      expect(await h.log.read("build/a")).toHaveLength(1);
    });

    it("lets exactly one of many simultaneous writers win", async () => {
      await using h = await start();
      const tries = Array.from({ length: 8 }, (_, index) =>
        h.log.append({ stream: "build/a", expectedSequence: 0, events: notes([`writer ${index}`]) }),
      );
      const outcomes = await Promise.all(tries);
      expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
      expect(await h.log.read("build/a")).toHaveLength(1);
    });

    it("lists streams by prefix, newest first, within the limit", async () => {
      await using h = await start();
      for (const stream of ["build/a", "release/REL-1", "build/b", "build/c"]) await appended(h.log, stream, 0, ["x"]);
      expect(await h.log.streams({ prefix: "build/", limit: 2 })).toEqual(["build/c", "build/b"]);
      expect(await h.log.streams({ prefix: "release/", limit: 9 })).toEqual(["release/REL-1"]);
      expect(await h.log.streams({ prefix: "build_", limit: 9 })).toEqual([]);
    });

    it("follows: what is there, then what comes, nothing lost or repeated", async () => {
      await using h = await start();
      await appended(h.log, "build/a", 0, ["one", "two"]);
      const end = new AbortController();
      const seen: string[] = [];
      const following = (async () => {
        for await (const event of h.log.follow<Noted>("build/a", 1, end.signal)) {
          seen.push(event.event.text);
          if (seen.length === 31) end.abort();
        }
      })();
      for (let sequence = 2; sequence < 32; sequence++) await appended(h.log, "build/a", sequence, [`n${sequence}`]);
      await following;
      expect(seen).toEqual(["two", ...Array.from({ length: 30 }, (_, index) => `n${index + 2}`)]);
    });

    it("ends a follower at once when its signal aborts", async () => {
      await using h = await start();
      const end = new AbortController();
      const following = (async () => {
        for await (const _ of h.log.follow("build/none", 0, end.signal)) throw new Error("nothing to follow");
      })();
      end.abort();
      await following;
    });

    it("never gives a number twice", async () => {
      await using h = await start();
      const numbers = await Promise.all(Array.from({ length: 10 }, () => h.log.nextNumber("release")));
      expect(new Set(numbers).size).toBe(10);
      expect(Math.min(...numbers)).toBe(1);
      expect(await h.log.nextNumber("other")).toBe(1);
    });

    it("refuses a writer whose lease has gone to another", async () => {
      await using h = await start();
      if (h.fences === undefined) return;
      const { held, lost } = h.fences;
      const good = await h.log.append({ stream: "build/a", expectedSequence: 0, events: notes(["in"]), fence: held });
      expect(good.ok).toBe(true);
      const bad = await h.log.append({ stream: "build/a", expectedSequence: 1, events: notes(["out"]), fence: lost });
      expect(bad).toEqual({ ok: false, error: { kind: "fenced-out", lease: lost.lease } });
      expect(await h.log.read("build/a")).toHaveLength(1);
    });
  });
}

function notes(texts: readonly string[]): readonly NewEvent<Noted>[] {
  return texts.map((text) => ({
    event: { type: "noted", text },
    version: 1,
    actor: actorId("system", ""),
    at: instant(1_000),
  }));
}

async function appended(
  log: EventLog,
  stream: string,
  expectedSequence: number,
  texts: readonly string[],
): Promise<readonly StoredEvent<Noted>[]> {
  const outcome = await log.append({ stream, expectedSequence, events: notes(texts) });
  if (!outcome.ok) throw new Error(`append refused: ${JSON.stringify(outcome.error)}`);
  return outcome.value;
}
