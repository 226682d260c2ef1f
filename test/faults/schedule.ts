/** Schedules of faults: what goes wrong, at which call of a run. Made from a seed, printed in one line, replayed by it. */
import type { Fate, PortCall } from "../sim/sim-calls.ts";
import { Seeded } from "./seeded.ts";
import { STORIES, type Story } from "./stories.ts";

/** The classes of faults, by what a schedule of each holds. */
export const CLASSES = [
  "kill",
  "double kill",
  "random kills",
  "refused call",
  "lost answer",
  "conflict",
  "outage of the cloud",
  "outage of the database",
  "clock jump",
  "second server",
  "duplicates",
  "everything",
] as const;

export type FaultClass = (typeof CLASSES)[number];

export type Fault =
  /** At the call of this number, counted over the whole run. */
  | { readonly kind: "kill"; readonly at: number; readonly side: "before" | "after" }
  /** From that call on, this many calls of those ports answer with an error; it may come after the work was done. */
  | {
      readonly kind: "errors";
      readonly at: number;
      readonly calls: number;
      readonly ports: readonly string[];
      readonly isApplied: boolean;
      readonly reason: string;
    }
  | { readonly kind: "conflict"; readonly at: number }
  | { readonly kind: "clock"; readonly at: number; readonly byMs: number }
  /** Another server starts; the one before goes on for so many turns. */
  | { readonly kind: "second-server"; readonly at: number; readonly turns: number }
  /** The client sends its request once more. */
  | { readonly kind: "duplicate"; readonly at: number };

export interface Schedule {
  readonly seed: number;
  readonly faultClass: FaultClass;
  readonly story: Story;
  readonly faults: readonly Fault[];
  /** Where somebody cancels: after so many calls. */
  readonly cancelAt: number;
  /** Whether the story's end must be the same as without faults: no answer that counts was withheld. */
  readonly keepsEnd: boolean;
  /** Whether the cloud answers often enough for traffic to be given back. */
  readonly isReachable: boolean;
}

/** What a story does when nothing goes wrong: how many calls, and which of them changed the world or the log. */
export interface Course {
  readonly calls: number;
  readonly changes: readonly number[];
}

const OUTSIDE = ["builds", "services", "databases", "images", "source", "writeBack", "probe"];
const STORE = ["eventLog", "leases"];
const REASONS = ["429 Too Many Requests", "500 Internal", "503 Unavailable", "timed out", "connection reset"];
const HOUR_MS = 3_600_000;

/**
 * Schedule number `index` of a campaign: classes and stories take turns, so that each comes up in any part of it. `course`
 * says what the story does without faults.
 */
export function makeSchedule(seed: number, index: number, course: (story: Story) => Course): Schedule {
  const own = (seed + index) >>> 0;
  const seeded = new Seeded(own);
  const faultClass = CLASSES[index % CLASSES.length] ?? "kill";
  const story = STORIES[Math.floor(index / CLASSES.length) % STORIES.length] ?? seeded.pick(STORIES);
  const { calls: total, changes } = course(story);
  const round = Math.floor(index / CLASSES.length / STORIES.length);
  const faults =
    faultClass === "kill"
      ? [sweptKill(round, total)]
      : faultsOf(faultClass, { seeded, total, changes }).sort((a, b) => a.at - b.at);
  const keepsEnd = ["kill", "double kill", "random kills", "clock jump", "duplicates"].includes(faultClass);
  const isReachable = !["outage of the cloud", "refused call", "everything"].includes(faultClass);
  return { seed: own, faultClass, story, faults, cancelAt: seeded.between(1, total), keepsEnd, isReachable };
}

/** Single kills go through the calls of a story with a stride that comes to each of them, before and after, in turn. */
function sweptKill(round: number, total: number): Fault {
  const STRIDE = 37;
  return { kind: "kill", at: 1 + ((round * STRIDE) % total), side: round % 2 === 0 ? "after" : "before" };
}

interface Drawing extends Pick<Course, "changes"> {
  readonly seeded: Seeded;
  readonly total: number;
}

/** Half of the faults fall on a call that changes something, where they can do harm. */
function place({ seeded, total, changes }: Drawing): number {
  return changes.length === 0 || seeded.draw() < 0.5 ? seeded.between(1, total) : seeded.pick(changes);
}

function faultsOf(faultClass: FaultClass, drawing: Drawing): Fault[] {
  const { seeded, total } = drawing;
  const at = () => place(drawing);
  const many = (low: number, high: number, make: () => Fault) =>
    Array.from({ length: seeded.between(low, high) }, make);
  switch (faultClass) {
    case "kill":
      return [killAt(seeded, at())];
    case "double kill": {
      const first = at();
      return [killAt(seeded, first), killAt(seeded, first + seeded.between(1, 60))];
    }
    case "random kills":
      return many(3, 6, () => killAt(seeded, seeded.between(1, total + 80)));
    case "refused call":
      return many(1, 3, () => errors(seeded, { at: at(), ports: OUTSIDE, calls: [1, 2], isApplied: false }));
    case "lost answer":
      return many(1, 3, () =>
        errors(seeded, { at: at(), ports: [...OUTSIDE, ...STORE], calls: [1, 1], isApplied: true }),
      );
    case "conflict":
      return many(1, 2, () => ({ kind: "conflict", at: at() }));
    case "outage of the cloud":
      return [errors(seeded, { at: at(), ports: ["builds", "services", "images"], calls: [3, 12] })];
    case "outage of the database":
      return [errors(seeded, { at: at(), ports: STORE, calls: [1, 15] })];
    case "clock jump":
      return many(1, 3, () => ({ kind: "clock", at: at(), byMs: seeded.pick([-24, -1, 1, 24]) * HOUR_MS }));
    case "second server":
      return [{ kind: "second-server", at: at(), turns: seeded.between(1, 80) }];
    case "duplicates":
      return many(2, 6, () => ({ kind: "duplicate", at: at() }));
    case "everything": {
      const others = CLASSES.filter((each) => each !== "everything");
      return Array.from({ length: 3 }, () => faultsOf(seeded.pick(others), drawing)).flat();
    }
  }
}

function killAt(seeded: Seeded, at: number): Fault {
  return { kind: "kill", at, side: seeded.pick(["before", "after"]) };
}

function errors(
  seeded: Seeded,
  wanted: { at: number; ports: readonly string[]; calls: readonly [number, number]; isApplied?: boolean },
): Fault {
  const [low, high] = wanted.calls;
  const isApplied = wanted.isApplied ?? seeded.draw() < 0.5;
  const { at, ports } = wanted;
  return { kind: "errors", at, ports, isApplied, calls: seeded.between(low, high), reason: seeded.pick(REASONS) };
}

/** Decides each call's fate by the faults; each kill and conflict happens once. */
export function fateOf(faults: readonly Fault[]): (call: PortCall) => Fate | undefined {
  const left = new Map(faults.map((fault) => [fault, fault.kind === "errors" ? fault.calls : 1]));
  return ({ number, port, method }) => {
    for (const [fault, count] of left) {
      if (number < fault.at || count === 0) continue;
      const isHit =
        (fault.kind === "kill" && number >= fault.at) ||
        (fault.kind === "errors" && fault.ports.includes(port)) ||
        (fault.kind === "conflict" && (method === "setTraffic" || method === "deploy"));
      if (!isHit) continue;
      left.set(fault, count - 1);
      if (fault.kind === "kill") return { kind: "kill", side: fault.side };
      if (fault.kind === "conflict") return { kind: "conflict" };
      if (fault.kind === "errors") return { kind: "throw", isApplied: fault.isApplied, reason: fault.reason };
    }
    return undefined;
  };
}

/** One line that says what goes wrong. */
export function scheduleText({ seed, faultClass, story, faults }: Schedule): string {
  const text = faults.map((fault) => {
    const { kind, at, ...rest } = fault;
    const more = Object.entries(rest).map(
      ([name, value]) => ` ${name}=${Array.isArray(value) ? value.join("+") : value}`,
    );
    return `${kind}@${at}${more.join("")}`;
  });
  return `seed ${seed}, ${faultClass}, ${story.name}: ${text.join("; ")}`;
}
