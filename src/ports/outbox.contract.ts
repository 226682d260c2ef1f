import { describe, expect, it } from "vitest";
import { actorId } from "../core/values/ids.ts";
import { instant } from "../core/values/time.ts";
import type { EventLog } from "./event-log.ts";
import type { Outbox, OutgoingMessage } from "./outbox.ts";

/** An outbox under test, empty, and the event log that feeds it. */
export interface OutboxHarness extends AsyncDisposable {
  readonly outbox: Outbox;
  readonly log: EventLog;
}

const message = (id: string, atMs = 1_000): OutgoingMessage => ({
  id,
  channel: "slack",
  environment: "staging",
  about: `about ${id}`,
  createdAt: instant(atMs),
  content: { text: `zwei ☂ ${id}` },
});

async function append(log: EventLog, stream: string, expectedSequence: number): Promise<void> {
  const events = [{ event: { type: "noted" }, version: 1, actor: actorId("system", ""), at: instant(1_000) }];
  expect(await log.append({ stream, expectedSequence, events })).toMatchObject({ ok: true });
}

/** What every outbox keeps to. Runs on the fake and on PostgreSQL. */
export function describeOutbox(label: string, start: () => Promise<OutboxHarness>): void {
  const due = (h: OutboxHarness, nowMs: number) => h.outbox.due({ now: instant(nowMs), channel: "slack", limit: 10 });

  describe(`${label}: outbox`, () => {
    it("says which streams of releases, builds and drift have grown, until they are read to their end", async () => {
      await using h = await start();
      await append(h.log, "release/REL-1", 0);
      await append(h.log, "build/b-1", 0);
      await append(h.log, "drift/staging", 0);
      await append(h.log, "other/x", 0);
      const names = async () => (await h.outbox.unread(10)).map(({ stream }) => stream).sort();
      expect(await names()).toEqual(["build/b-1", "drift/staging", "release/REL-1"]);
      await h.outbox.add({ messages: [], read: { stream: "drift/staging", sequence: 1 } });
      await append(h.log, "release/REL-1", 1);
      await h.outbox.add({ messages: [], read: { stream: "release/REL-1", sequence: 1 } });
      await h.outbox.add({ messages: [], read: { stream: "build/b-1", sequence: 1 } });
      expect(await h.outbox.unread(10)).toEqual([{ stream: "release/REL-1", sequence: 1 }]);
      await h.outbox.add({ messages: [], read: { stream: "release/REL-1", sequence: 2 } });
      expect(await names()).toEqual([]);
      await append(h.log, "build/b-1", 1);
      expect(await h.outbox.unread(10)).toEqual([{ stream: "build/b-1", sequence: 1 }]);
    });

    it("keeps a message once, however often it is added, and never sets a position back", async () => {
      await using h = await start();
      await append(h.log, "release/REL-1", 0);
      for (let n = 0; n < 2; n++) {
        await h.outbox.add({ messages: [message("a"), message("b")], read: { stream: "release/REL-1", sequence: 1 } });
      }
      await h.outbox.add({ messages: [], read: { stream: "release/REL-1", sequence: 0 } });
      expect(await h.outbox.unread(10)).toEqual([]);
      const waiting = { name: "waiting", tries: 0, dueAt: 1_000 };
      expect(await due(h, 1_000)).toEqual([
        { ...message("a"), state: waiting },
        { ...message("b"), state: waiting },
      ]);
    });

    it("gives what is due on a channel, and nothing that was put off, delivered or given up", async () => {
      await using h = await start();
      await h.outbox.add({ messages: ["a", "b", "c", "d"].map((id) => message(id)) });
      await h.outbox.add({ messages: [{ ...message("e"), channel: "email" }] });
      await h.outbox.settle("a", { name: "waiting", tries: 1, dueAt: instant(5_000), reason: "status 500" });
      await h.outbox.settle("b", { name: "delivered", tries: 1, at: instant(2_000) });
      await h.outbox.settle("c", { name: "failed", tries: 3, at: instant(2_000), reason: "status 404" });
      await h.outbox.settle("gone", { name: "delivered", tries: 1, at: instant(2_000) });
      expect((await due(h, 4_999)).map(({ id }) => id)).toEqual(["d"]);
      expect((await due(h, 5_000)).map(({ id, state }) => [id, state.tries])).toEqual([
        ["d", 0],
        ["a", 1],
      ]);
      expect(await due(h, 999)).toEqual([]);
    });

    it("counts by channel and state, and lists newest first", async () => {
      await using h = await start();
      await h.outbox.add({ messages: [message("a"), message("b"), { ...message("c"), channel: "email" }] });
      await h.outbox.settle("a", { name: "failed", tries: 3, at: instant(2_000), reason: "status 404" });
      expect(await h.outbox.channels()).toEqual([
        { channel: "email", state: "waiting", count: 1 },
        { channel: "slack", state: "failed", count: 1, reason: "status 404" },
        { channel: "slack", state: "waiting", count: 1 },
      ]);
      expect((await h.outbox.channels("failed")).map(({ channel, count }) => [channel, count])).toEqual([["slack", 1]]);
      expect((await h.outbox.list({ limit: 2 })).map(({ id }) => id)).toEqual(["c", "b"]);
      expect((await h.outbox.list({ state: "failed", limit: 9 })).map(({ id }) => id)).toEqual(["a"]);
    });

    it("takes a message that was given up back when somebody says so", async () => {
      await using h = await start();
      await h.outbox.add({ messages: [message("a")] });
      await h.outbox.settle("a", { name: "failed", tries: 3, at: instant(2_000), reason: "status 404" });
      await h.outbox.settle("a", { name: "waiting", tries: 0, dueAt: instant(3_000) });
      expect(await due(h, 3_000)).toEqual([{ ...message("a"), state: { name: "waiting", tries: 0, dueAt: 3_000 } }]);
    });

    it("forgets what was settled long ago, and nothing that waits", async () => {
      await using h = await start();
      await h.outbox.add({ messages: [message("a"), message("b"), message("c")] });
      await h.outbox.settle("a", { name: "delivered", tries: 1, at: instant(2_000) });
      await h.outbox.settle("b", { name: "failed", tries: 1, at: instant(3_000), reason: "status 404" });
      expect(await h.outbox.forget(instant(3_000))).toBe(1);
      expect((await h.outbox.list({ limit: 9 })).map(({ id }) => id)).toEqual(["c", "b"]);
    });
  });
}
