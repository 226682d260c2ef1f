import { describe, expect, it } from "vitest";
import { createMemoryCheckpoint } from "../../../test/support/memory-audit.ts";
import type { AuditEntry, AuditRow } from "../../core/audit/audit-row.ts";
import { STORED_PER_WINDOW, WINDOW_MS } from "../../core/audit/refusal-limit.ts";
import { instant } from "../../core/values/time.ts";
import { createMemoryEventLog } from "../../ports/event-log.fake.ts";
import type { EventLog, StoredEvent } from "../../ports/event-log.ts";
import { AuditLog } from "./audit-log.ts";

const KEY = new Uint8Array(32).fill(5);

function entry(at: number, changes: Partial<AuditEntry> = {}): AuditEntry {
  const who = { kind: "identity", id: "d@p1" } as const;
  const about = { what: "run.services.get", resource: "projects/p1", requestId: "r-1", reason: "No role." };
  return { at, who, ...about, outcome: "denied", ...changes };
}

function world(eventLog: EventLog = createMemoryEventLog(), checkpoint = createMemoryCheckpoint()) {
  let nowMs = 1_800_000_000_000;
  const clock = { now: () => instant(nowMs), monotonicMs: () => nowMs, sleep: async () => {} };
  const open = (log = eventLog) => new AuditLog({ eventLog: log, key: KEY, checkpoint, clock });
  return {
    eventLog,
    checkpoint,
    open,
    audit: open(),
    pass: (durationMs: number) => (nowMs += durationMs),
    now: () => nowMs,
  };
}

async function rowsOf(audit: AuditLog): Promise<readonly AuditRow[]> {
  const all: AuditRow[] = [];
  for await (const row of audit.rows()) all.push(row);
  return all;
}

/** The log as somebody who can write to its tables has left it. */
function tampered(eventLog: EventLog, change: (row: AuditRow) => AuditRow | undefined): EventLog {
  return {
    ...eventLog,
    async read<E extends { readonly type: string }>(stream: string, after?: number) {
      const events = await eventLog.read<E & { readonly row: AuditRow }>(stream, after);
      return events.flatMap((each): StoredEvent<E>[] => {
        const row = change(each.event.row);
        return row === undefined ? [] : [{ ...each, event: { ...each.event, row } }];
      });
    },
  };
}

describe("the audit log", () => {
  it("goes on where an earlier server ended, and where another one has written meanwhile", async () => {
    const { audit, open, now } = world();
    await audit.record([entry(now()), entry(now())]);
    const other = open();
    await other.record([entry(now())]);
    await Promise.all([audit.record([entry(now())]), other.record([entry(now())])]);
    expect((await rowsOf(open())).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(await open().verify()).toMatchObject({ whole: true, rows: 5 });
  });

  it("is cut into streams of limited length, and is one chain over all of them", async () => {
    const { audit, eventLog, open, now } = world();
    await audit.record(Array.from({ length: 5_002 }, () => entry(now())));
    expect(await eventLog.streams({ prefix: "audit/", limit: 9 })).toEqual(["audit/000002", "audit/000001"]);
    expect((await open().latest(3)).map(({ number }) => number)).toEqual([5_000, 5_001, 5_002]);
    expect(await open().verify()).toMatchObject({ whole: true, rows: 5_002 });
    await open().record([entry(now())]);
    expect(await open().verify()).toMatchObject({ whole: true, rows: 5_003 });
  });

  it.each([
    ["a row that was changed", (row: AuditRow) => (row.number === 2 ? { ...row, reason: "x" } : row), 2, "changed"],
    ["a row that is gone", (row: AuditRow) => (row.number === 2 ? undefined : row), 2, "row 2 is missing"],
    ["a cut end", (row: AuditRow) => (row.number > 3 ? undefined : row), 4, "the log had 5 rows"],
    ["nothing left", () => undefined, 1, "the log had 5 rows"],
  ])("finds %s", async (_, change, number, reason) => {
    const { audit, eventLog, open, now } = world();
    for (let count = 0; count < 5; count += 1) await audit.record([entry(now())]);
    const verdict = await open(tampered(eventLog, change)).verify();
    expect(verdict).toMatchObject({ whole: false, number, reason: expect.stringContaining(reason) });
  });

  it("finds a chain that somebody without the key has made anew", async () => {
    const first = world();
    await first.audit.record([entry(first.now())]);
    const forger = world(createMemoryEventLog(), first.checkpoint);
    const forged = new AuditLog({
      eventLog: forger.eventLog,
      key: new Uint8Array(32),
      checkpoint: createMemoryCheckpoint(),
      clock: { now: () => instant(0), monotonicMs: () => 0, sleep: async () => {} },
    });
    await forged.record([entry(0)]);
    expect(await forger.audit.verify()).toMatchObject({ whole: false, number: 1 });
  });

  it("does not take a checkpoint that cannot be read for none", async () => {
    const { eventLog, now } = world();
    const checkpoint = { read: () => Promise.reject(new Error("damaged")), write: async () => {} };
    const { audit } = world(eventLog, checkpoint);
    await audit.record([entry(now())]);
    expect(await audit.verify()).toMatchObject({ whole: false, reason: "the checkpoint cannot be read" });
  });

  it("counts a flood of refused calls of one caller, and stores those of others", async () => {
    const { audit, pass, now } = world();
    for (let count = 0; count < 500; count += 1) await audit.recordRefusal(entry(now()));
    const other = { kind: "identity", id: "m@p1" } as const;
    await audit.recordRefusal(entry(now(), { who: other }));
    expect(await rowsOf(audit)).toHaveLength(STORED_PER_WINDOW + 1);
    pass(WINDOW_MS);
    await audit.recordRefusal(entry(now()));
    const rows = await rowsOf(audit);
    expect(rows).toHaveLength(STORED_PER_WINDOW + 3);
    expect(rows.at(-2)).toMatchObject({ who: { id: "d@p1" }, more: 500 - STORED_PER_WINDOW });
    expect(await audit.verify()).toMatchObject({ whole: true });
  });

  it("keeps counts when it is settled, as at the end of a server", async () => {
    const { audit, now } = world();
    for (let count = 0; count < STORED_PER_WINDOW + 5; count += 1) await audit.recordRefusal(entry(now()));
    await audit.settle();
    expect((await rowsOf(audit)).at(-1)).toMatchObject({ more: 5 });
  });

  it("holds a limited number of callers apart", async () => {
    const { audit, now } = world();
    for (let count = 0; count < 1_000 + STORED_PER_WINDOW + 20; count += 1) {
      await audit.recordRefusal(entry(now(), { who: { kind: "unknown", id: `x${count}` } }));
    }
    expect(await rowsOf(audit)).toHaveLength(1_000 + STORED_PER_WINDOW);
  });
});
