/** What was seen of an environment's drift, as events of its stream `drift/<environment>`, and their fold. */
import type { Decisions } from "../gates/decisions.ts";
import type { Instant } from "../values/time.ts";
import { type Drift, driftKey, isOutOfSight, type SeenDrift } from "./drift.ts";

/** Version of the payload below. */
export const DRIFT_VERSION = 1;

/** Everything that differs at one moment. Stored when that is another than before, not at each look. */
export interface DriftSeen {
  readonly type: "drift-seen";
  readonly drifts: readonly Drift[];
}

export interface DriftHistory {
  readonly drifts: readonly Drift[];
  /** By key: what is there, and what was there when its subject could last be looked at. */
  readonly standing: Readonly<Record<string, StandingDrift>>;
  readonly lastSequence: number;
}

interface StandingDrift {
  readonly drift: Drift;
  readonly firstSeen: Instant;
}

/** Nothing was seen yet. */
export const UNSEEN: DriftHistory = { drifts: [], standing: {}, lastSequence: 0 };

/** Folds one look in: a difference that was there before keeps its first moment, also over looks that could not see it. */
export function applyDriftSeen(
  before: DriftHistory,
  { event, at, sequence }: { readonly event: DriftSeen; readonly at: Instant; readonly sequence: number },
): DriftHistory {
  const { drifts } = event;
  const seen = drifts.map((drift) => {
    const key = driftKey(drift);
    return [key, { drift, firstSeen: before.standing[key]?.firstSeen ?? at }] as const;
  });
  const unseen = Object.entries(before.standing).filter(([, { drift }]) => isOutOfSight(drift, drifts));
  return { drifts, standing: Object.fromEntries([...unseen, ...seen]), lastSequence: sequence };
}

/** What is there now, with its history and what people said of it. */
export function seenDrift(history: DriftHistory, decisions: Decisions, now: Instant): readonly SeenDrift[] {
  return history.drifts.map((drift) => {
    const key = driftKey(drift);
    const ignored = decisions.ignoredDrift[key];
    const isIgnored = ignored !== undefined && now < ignored.until;
    return { ...drift, firstSeen: history.standing[key]?.firstSeen ?? now, ...(isIgnored ? { ignored } : {}) };
  });
}

/** What one look brought, against the one before it. */
export interface DriftNews {
  readonly appeared: readonly Drift[];
  readonly gone: readonly Drift[];
  /** How many differences are there now. */
  readonly left: number;
}

/** A difference is news when it comes, when it becomes another one, and when it is gone; not at every look. */
export function driftNews(before: DriftHistory, after: DriftHistory): DriftNews {
  const appeared = after.drifts.filter((drift) => !isSame(before.standing[driftKey(drift)]?.drift, drift));
  const gone = Object.entries(before.standing).flatMap(([key, { drift }]) =>
    after.standing[key] === undefined ? [drift] : [],
  );
  return { appeared, gone, left: Object.keys(after.standing).length };
}

/** The words of a failure to look are others each time, and say nothing new. */
function isSame(before: Drift | undefined, { kind, expected, observed }: Drift): boolean {
  if (before?.kind !== kind) return false;
  return kind === "unknown" || (before.expected === expected && before.observed === observed);
}
