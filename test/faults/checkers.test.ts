import { beforeAll, describe, expect, it } from "vitest";
import type { ReleaseEvent } from "../../src/core/release/events.ts";
import type { Problem } from "../../src/core/values/problem.ts";
import type { HistoryEntry } from "../sim/sim-calls.ts";
import { CHECKERS, type CheckerName, check } from "./checkers.ts";
import type { Schedule } from "./schedule.ts";
import { simulate } from "./simulate.ts";
import { STORIES, type Story } from "./stories.ts";
import type { Witness } from "./witness.ts";

type Entry = Extract<HistoryEntry, { kind: "event" }>;
type Change = (witness: Witness) => Witness;

const PROBLEM: Problem = { code: "x", severity: "error", summary: "x", why: ["x"], fix: "x" };
const EFFECT = { kind: "effect", life: 1, ownToken: 1, token: 1 } as const;

function edit(witness: Witness, change: (entry: HistoryEntry) => readonly HistoryEntry[]): Witness {
  return { ...witness, history: witness.history.flatMap(change) };
}

/** The log as if the event read otherwise. */
function rewrite(type: ReleaseEvent["type"], change: (entry: Entry) => readonly HistoryEntry[]): Change {
  return (witness) =>
    edit(witness, (entry) => (entry.kind === "event" && entry.recorded.event.type === type ? change(entry) : [entry]));
}

/** The log of another release, right after that of the first. */
function again(witness: Witness, requestId: string): Witness {
  const copy = witness.history.flatMap((entry): readonly HistoryEntry[] => {
    if (entry.kind === "effect") return [];
    const { event } = entry.recorded;
    const own = event.type === "release-requested" ? ({ ...event, release: "REL-2", requestId } as const) : event;
    return [{ ...entry, stream: "release/REL-2", recorded: { ...entry.recorded, event: own } }];
  });
  return {
    ...witness,
    shown: { ...witness.shown, "REL-2": "ended succeeded" },
    history: [...witness.history, ...copy],
  };
}

const effect = (what: string, subject: string, detail = ""): HistoryEntry => ({
  ...EFFECT,
  effect: what,
  subject,
  detail,
});

/** For each checker, a world that it has to object to: the one of a good release, with one thing wrong. */
const WRONG: Readonly<Record<CheckerName, Change>> = {
  "all-or-nothing": (good) => ({ ...good, after: { ...good.after, api: { "api-rel1-1": 90, "api-rel0-1": 10 } } }),
  "effects-once": (good) => ({ ...good, history: [...good.history, effect("migration", "db/001.sql", "app_db")] }),
  "every-release-ends": rewrite("release-ended", () => []),
  "expected-end": (good) => ({ ...good, expected: "failed" }),
  "explained-set": (good) => ({ ...good, after: { ...good.after, hub: { "hub-rel0-1": 100 } } }),
  "failure-holds": (good) =>
    rewrite("release-ended", (entry) => [
      {
        ...entry,
        recorded: {
          ...entry.recorded,
          event: { type: "release-ended", outcome: { kind: "rolled-back", problem: PROBLEM } },
        },
      },
    ])({ ...good, isHeld: false }),
  "fenced-writes": rewrite("build-ended", (entry) => [{ ...entry, ownToken: 1, token: 2 }]),
  "intent-before-effect": rewrite("candidate-intended", () => []),
  "legal-streams": rewrite("phase-started", (entry) => [
    { ...entry, recorded: { ...entry.recorded, sequence: entry.recorded.sequence + 1 } },
  ]),
  "log-and-world-agree": (good) => ({ ...good, ledger: [] }),
  "migrations-first": (good) =>
    edit(rewrite("migration-applied", () => [])(good), (entry) =>
      entry.kind === "effect" && entry.effect === "migration" ? [] : [entry],
    ),
  "no-bug": (good) => ({ ...good, bugs: ["REL-1: something cannot follow"] }),
  "nothing-left": (good) => ({ ...good, leftOver: ["build b-1"] }),
  "one-holder": (good) => {
    const other = again(good, "other").history.filter((entry) => entry.kind === "event" && entry.stream.endsWith("-2"));
    const at = good.history.findIndex((entry) => entry.kind === "event" && entry.recorded.event.type === "build-ended");
    return { ...good, history: [...good.history.slice(0, at), ...other, ...good.history.slice(at)] };
  },
  "one-release-per-request": (good) => again(good, good.asked[0] ?? ""),
  restores: rewrite("release-ended", (entry) => [
    {
      ...entry,
      recorded: {
        ...entry.recorded,
        event: { type: "release-ended", outcome: { kind: "rollback-failed", problem: PROBLEM, cause: PROBLEM } },
      },
    },
  ]),
};

describe("the checkers", () => {
  let good: Witness;
  beforeAll(async () => {
    const story = STORIES[1] as Story;
    const schedule: Schedule = {
      ...{ seed: 0, faultClass: "kill", story, faults: [], cancelAt: 0, keepsEnd: true, isReachable: true },
    };
    good = await simulate(schedule);
  });

  it("find nothing in a release that went well", () => {
    expect(good.history.length).toBeGreaterThan(50);
    expect(check(good)).toEqual([]);
  });

  it.each(Object.keys(CHECKERS) as CheckerName[])("%s objects to a world in which it is violated", (name) => {
    expect(CHECKERS[name](WRONG[name](good))).not.toEqual([]);
  });

  it("see traffic that goes to a candidate before anybody meant it to", () => {
    const early = effect("traffic", "api", "api-rel1-1=100");
    const at = good.history.findIndex(
      (entry) => entry.kind === "event" && entry.recorded.event.type === "candidate-ready",
    );
    const history = [...good.history.slice(0, at), early, ...good.history.slice(at)];
    expect(CHECKERS["intent-before-effect"]({ ...good, history })).toEqual([
      "traffic api api-rel1-1=100 was not announced",
    ]);
  });

  it("see a server that goes on after its lease is gone", () => {
    const stale = Array.from(
      { length: 5 },
      (): HistoryEntry => ({ ...EFFECT, token: 2, effect: "traffic", subject: "api", detail: "" }),
    );
    const told = CHECKERS["fenced-writes"]({ ...good, history: [...good.history, ...stale] });
    expect(told).toEqual(["server 1 did 5 things after its lease was gone"]);
  });

  it("see a lease that outlives its release by more than its time", () => {
    expect(CHECKERS["nothing-left"]({ ...good, leaseLeftMs: 30_001 })).toEqual(["the lease is held for 30001 ms more"]);
  });
});
