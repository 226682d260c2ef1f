import * as log from "./check-log.ts";
import * as world from "./check-world.ts";
import type { Witness } from "./witness.ts";

/** Finds what is wrong, a sentence each; nothing where the invariant holds. */
export type Checker = (witness: Witness) => readonly string[];

/** Every checker by its name. What each keeps is said at its function. */
export const CHECKERS = {
  "all-or-nothing": world.allOrNothing,
  "effects-once": world.effectsOnce,
  "every-release-ends": log.everyReleaseEnds,
  "expected-end": world.expectedEnd,
  "explained-set": world.explainedSet,
  "failure-holds": world.failureHolds,
  "fenced-writes": log.fencedWrites,
  "intent-before-effect": log.intentBeforeEffect,
  "legal-streams": log.legalStreams,
  "log-and-world-agree": world.logAndWorldAgree,
  "migrations-first": world.migrationsFirst,
  "no-bug": (witness) => witness.bugs,
  "nothing-left": world.nothingLeft,
  "one-holder": log.oneHolder,
  "one-release-per-request": log.oneReleasePerRequest,
  restores: world.restores,
} as const satisfies Readonly<Record<string, Checker>>;

/** The name of a checker. */
export type CheckerName = keyof typeof CHECKERS;

export interface Violation {
  readonly checker: CheckerName;
  readonly what: string;
}

/** Everything that is wrong. */
export function check(witness: Witness): readonly Violation[] {
  return (Object.keys(CHECKERS) as CheckerName[]).flatMap((checker) =>
    CHECKERS[checker](witness).map((what) => ({ checker, what })),
  );
}
