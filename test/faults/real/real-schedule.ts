/** Schedules of faults for a real server: made from a seed, printed in one line, replayed by it. */
import { Seeded } from "../seeded.ts";
import type { Fate } from "./fault-proxy.ts";
import type { Health } from "./small-platform.ts";

/** The classes, each as often as it stands here in a round of schedules. */
const ROUND = [
  ...["kill point", "double kill", "kill point", "random kill", "cloud", "kill point", "lost answer"],
  ...["double kill", "server's database cut", "kill point", "random kills", "environment's database cut", "kill point"],
  ...["disk full", "double kill", "supervisor killed", "kill point", "duplicates", "random kill", "second server"],
] as const;

export type RealClass = (typeof ROUND)[number];

/** One thing that goes wrong; `afterMs` counts from the answer to the request for the release. */
export type RealFault =
  /** The server kills itself there; each further point is the next life's. */
  | { readonly kind: "kill-points"; readonly points: readonly string[] }
  /** Each is counted from the moment at which the server, or its next life, answers. */
  | { readonly kind: "kills"; readonly afterMs: readonly number[] }
  | { readonly kind: "kill-supervisor"; readonly afterMs: number }
  /** Fates of calls of the embedded cloud, by their number from 1. */
  | { readonly kind: "calls"; readonly fates: Readonly<Record<number, Fate>> }
  | {
      readonly kind: "database";
      readonly which: "server" | "environment";
      /** Connections are ended once, or the whole PostgreSQL is away for so long. */
      readonly how: "connections" | "stopped";
      readonly afterMs: number;
      readonly forMs: number;
    }
  | { readonly kind: "disk"; readonly folder: string; readonly afterMs: number; readonly forMs: number }
  | { readonly kind: "duplicates"; readonly count: number }
  | { readonly kind: "second-server"; readonly afterMs: number };

export interface RealSchedule {
  /** Its place in the campaign, from 0. */
  readonly index: number;
  readonly faultClass: RealClass;
  readonly health: Health;
  readonly hasMigration: boolean;
  /** Somebody cancels so long after the answer. */
  readonly cancelAfterMs?: number;
  readonly fault: RealFault;
}

/** Where a server can be told to die, in the order of a release; `{m}` is the change's migration. */
const BEFORE_VERDICT = [
  ...["build:before", "build:after", "phase:checkout", "phase:load", "phase:build", "phase:back-up"],
  ...["back-up:before", "back-up:after", "phase:migrate", "migrate:{m}:before", "migrate:{m}:after"],
  ...["phase:candidate", "candidate:api:before", "candidate:api:after", "phase:rehearse", "phase:verify-candidates"],
  ...["phase:shift", "shift:api:before", "shift:api:after", "phase:verify"],
];
const SUCCESS = [...BEFORE_VERDICT, "phase:migrate-after-soak", "phase:record", "record:before", "record:after"];
/** Only a release whose traffic is given back comes to these. */
const RESTORE_POINTS = ["phase:restore", "restore:api:before", "restore:api:after"];
const RESTORED = [...BEFORE_VERDICT, ...RESTORE_POINTS];
/** Every point at which a schedule kills. */
export const KILL_POINTS = [...SUCCESS, ...RESTORE_POINTS];

/** How long a release takes here, roughly: a random instant is drawn from it. */
const RELEASE_MS = 4_000;
/** Calls of the cloud in a release without faults, roughly. */
const CALLS = 40;
const FOLDERS = ["builds", "mirrors", "write-back"];

/** Schedule number `index` of the campaign with this seed. */
export function makeRealSchedule(seed: number, index: number): RealSchedule {
  const seeded = new Seeded((seed * 1_000_003 + index) >>> 0);
  const faultClass = ROUND[index % ROUND.length] ?? "kill point";
  const round = Math.floor(index / ROUND.length);
  const nth = ROUND.slice(0, index % ROUND.length).filter((each) => each === faultClass).length;
  const perRound = ROUND.filter((each) => each === faultClass).length;
  const fault = faultOf(faultClass, seeded, round * perRound + nth);
  const isRestore = fault.kind === "kill-points" && fault.points.some((point) => RESTORE_POINTS.includes(point));
  const others: readonly Health[] = ["ok", "ok", "ok", "ill", "ill-live"];
  const health = isRestore ? "ill-live" : fault.kind === "kill-points" ? "ok" : seeded.pick(others);
  const isCancelled = fault.kind === "kills" && seeded.draw() < 0.25;
  return {
    index,
    faultClass,
    health,
    hasMigration: fault.kind === "kill-points" || seeded.draw() < 0.5,
    ...(isCancelled ? { cancelAfterMs: seeded.between(0, RELEASE_MS) } : {}),
    fault,
  };
}

/** `turn` counts the schedules of the class: single kills come to every point in turn. */
function faultOf(faultClass: RealClass, seeded: Seeded, turn: number): RealFault {
  const afterMs = seeded.between(0, RELEASE_MS);
  switch (faultClass) {
    case "kill point":
      return { kind: "kill-points", points: [KILL_POINTS[turn % KILL_POINTS.length] ?? "build:before"] };
    case "double kill": {
      const path = seeded.draw() < 0.7 ? SUCCESS : RESTORED;
      const first = seeded.between(0, path.length - 1);
      const second = seeded.between(path === SUCCESS ? first : Math.max(first, BEFORE_VERDICT.length), path.length - 1);
      return { kind: "kill-points", points: [first, second].flatMap((at) => path[at] ?? []) };
    }
    case "random kill":
      return { kind: "kills", afterMs: [afterMs] };
    case "random kills":
      return { kind: "kills", afterMs: [afterMs, seeded.between(0, 2_500), seeded.between(0, 2_500)] };
    case "supervisor killed":
      return { kind: "kill-supervisor", afterMs: seeded.between(0, RELEASE_MS / 2) };
    case "cloud":
      return { kind: "calls", fates: fatesOf(seeded, seeded.between(1, 6), otherFate) };
    case "lost answer":
      return { kind: "calls", fates: fatesOf(seeded, seeded.between(1, 3), lostAnswer) };
    case "server's database cut":
      return databaseCut(seeded, "server", afterMs);
    case "environment's database cut":
      return databaseCut(seeded, "environment", seeded.between(500, RELEASE_MS / 2));
    case "disk full":
      return { kind: "disk", folder: seeded.pick(FOLDERS), afterMs, forMs: seeded.between(300, 1_500) };
    case "duplicates":
      return { kind: "duplicates", count: seeded.between(2, 12) };
    case "second server":
      return { kind: "second-server", afterMs };
  }
}

function databaseCut(seeded: Seeded, which: "server" | "environment", afterMs: number): RealFault {
  const how = seeded.pick(["connections", "stopped"] as const);
  return { kind: "database", which, how, afterMs, forMs: seeded.between(0, 1_500) };
}

function fatesOf(seeded: Seeded, count: number, fateOf: (seeded: Seeded) => Fate): Readonly<Record<number, Fate>> {
  const all = Array.from({ length: count }, () => [seeded.between(1, CALLS), fateOf(seeded)] as const);
  return Object.fromEntries(all);
}

function lostAnswer(seeded: Seeded): Fate {
  return seeded.pick<Fate>([
    { kind: "cut", when: "after" },
    { kind: "cut", when: "within" },
  ]);
}

function otherFate(seeded: Seeded): Fate {
  return seeded.pick<Fate>([
    { kind: "cut", when: "before" },
    { kind: "delay", ms: seeded.between(200, 3_000) },
    { kind: "answer", status: seeded.pick([409, 429, 500, 503]), retryAfterS: seeded.pick([0, 1]) },
  ]);
}

/** The points with this change's own migration in them. */
export function pointsOf(points: readonly string[], migration: string): readonly string[] {
  return points.map((point) => point.replace("{m}", migration));
}

/** One line that says what goes wrong. */
export function realScheduleText({ index, faultClass, health, hasMigration, fault, ...rest }: RealSchedule): string {
  const { kind: _, ...what } = fault;
  const about = [health, ...(hasMigration ? ["migration"] : [])];
  if (rest.cancelAfterMs !== undefined) about.push(`cancelled after ${rest.cancelAfterMs} ms`);
  return `real ${index}, ${faultClass} (${about.join(", ")}): ${JSON.stringify(what)}`;
}
