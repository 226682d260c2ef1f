/**
 * What people decide about an environment, as events of its stream `environment/<name>`, and their fold: a hold that keeps
 * releases back until somebody lifts it, and freezes that people set besides those of the platform file.
 */
import { assertNever } from "../values/assert.ts";
import type { ActorId, CommitId } from "../values/ids.ts";
import type { Instant } from "../values/time.ts";

/** Version of the payloads below. */
export const DECISION_VERSION = 1;

export type DecisionEvent =
  | { readonly type: "held"; readonly reason: string; readonly until?: Instant }
  | { readonly type: "resumed"; readonly reason: string }
  | { readonly type: "frozen"; readonly freeze: string; readonly reason: string; readonly until: Instant }
  | { readonly type: "freeze-lifted"; readonly freeze: string; readonly reason: string }
  /** A difference that nobody has to mind until the moment given. */
  | { readonly type: "drift-ignored"; readonly drift: string; readonly reason: string; readonly until: Instant }
  /** What is about to be done so that what drifted is as released again, before any of it is done. */
  | { readonly type: "drift-revert-intended"; readonly reason: string; readonly steps: readonly string[] }
  /** What came of it; nothing in `failures`: all of it was done. */
  | { readonly type: "drift-revert-ended"; readonly failures: readonly string[] }
  /** How a migration stands that was started and never finished. Kept before its ledger is touched. */
  | { readonly type: "migration-settled"; readonly reason: string; readonly settled: SettledMigration }
  /** What a database had before its ledger. Kept before its ledger is touched. */
  | { readonly type: "migrations-adopted"; readonly reason: string; readonly adopted: AdoptedMigrations };

/** A dirty migration, and what a person found of it. */
export interface SettledMigration {
  readonly database: string;
  readonly module: string;
  readonly identifier: string;
  readonly outcome: "applied" | "not-applied";
}

/** Migrations that a ledger took over without running them. */
export interface AdoptedMigrations {
  readonly database: string;
  readonly module: string;
  /** The module's commit whose files were compared. */
  readonly commit: CommitId;
  /** Where it is known from: another tool's table, or `by hand`. */
  readonly source: string;
  readonly identifiers: readonly string[];
}

export interface Decisions {
  readonly hold?: Hold;
  /** When somebody last said that releases may go on: a rollback before it holds nothing any more. */
  readonly resumedAt?: Instant;
  readonly freezes: readonly Freeze[];
  /** By the key of the difference. */
  readonly ignoredDrift: Readonly<Record<string, { readonly reason: string; readonly until: Instant }>>;
  /** The last one. */
  readonly revert?: Revert;
  /** The last ones, oldest first. */
  readonly settlements: readonly Settlement[];
  /** The last ones, oldest first. */
  readonly baselines: readonly Baselined[];
  readonly lastSequence: number;
}

/** How somebody had drift reverted. One that is under way while nobody does it was cut off: asked for again, it goes on. */
export interface Revert {
  readonly by: ActorId;
  readonly at: Instant;
  readonly reason: string;
  readonly steps: readonly string[];
  readonly state: "under-way" | "done" | "failed";
}

/** Who settled a migration, and why as they did. */
export interface Settlement extends SettledMigration {
  readonly by: ActorId;
  readonly at: Instant;
  readonly reason: string;
}

/** Who had migrations taken over, and why. */
export interface Baselined extends AdoptedMigrations {
  readonly by: ActorId;
  readonly at: Instant;
  readonly reason: string;
}

export interface Hold {
  readonly by: ActorId;
  readonly reason: string;
  readonly since: Instant;
  readonly until?: Instant;
}

/** A time in which nothing is released. */
export interface Freeze {
  readonly name: string;
  readonly reason: string;
  readonly from: Instant;
  readonly until: Instant;
}

export interface RecordedDecision {
  readonly event: DecisionEvent;
  readonly actor: ActorId;
  readonly at: Instant;
  readonly sequence: number;
}

/** No decision yet. */
export const UNDECIDED: Decisions = { freezes: [], ignoredDrift: {}, settlements: [], baselines: [], lastSequence: 0 };

/** How many settlements and baselines are kept at hand; all of them stay in the event log. */
const KEPT = 100;

/** Folds one decision in. Total: every decision can follow every other. */
export function applyDecision(before: Decisions, { event, actor, at, sequence }: RecordedDecision): Decisions {
  const next = { ...before, lastSequence: sequence };
  switch (event.type) {
    case "held": {
      const { reason, until } = event;
      return { ...next, hold: { by: actor, reason, since: at, ...(until === undefined ? {} : { until }) } };
    }
    case "resumed": {
      const { hold: _, ...rest } = next;
      return { ...rest, resumedAt: at };
    }
    case "frozen": {
      const { freeze: name, reason, until } = event;
      const others = before.freezes.filter((freeze) => freeze.name !== name);
      return { ...next, freezes: [...others, { name, reason, from: at, until }] };
    }
    case "freeze-lifted":
      return { ...next, freezes: before.freezes.filter((freeze) => freeze.name !== event.freeze) };
    case "drift-ignored": {
      const { drift, reason, until } = event;
      return { ...next, ignoredDrift: { ...before.ignoredDrift, [drift]: { reason, until } } };
    }
    case "drift-revert-intended": {
      const { reason, steps } = event;
      return { ...next, revert: { by: actor, at, reason, steps, state: "under-way" } };
    }
    case "drift-revert-ended": {
      if (before.revert === undefined) return next;
      return { ...next, revert: { ...before.revert, state: event.failures.length === 0 ? "done" : "failed" } };
    }
    case "migration-settled": {
      const settlement = { ...event.settled, by: actor, at, reason: event.reason };
      return { ...next, settlements: [...before.settlements, settlement].slice(-KEPT) };
    }
    case "migrations-adopted": {
      const baselined = { ...event.adopted, by: actor, at, reason: event.reason };
      return { ...next, baselines: [...before.baselines, baselined].slice(-KEPT) };
    }
    default:
      return assertNever(event);
  }
}
