/** What was seen of an environment's drift, as events of its stream `drift/<environment>`, and their fold. */
import type { Decisions } from "../gates/decisions.ts";
import type { Instant } from "../values/time.ts";
import { type Drift, driftKey, type SeenDrift } from "./drift.ts";

/** Version of the payload below. */
export const DRIFT_VERSION = 1;

/** Everything that differs at one moment. Stored when that is another than before, not at each look. */
export interface DriftSeen {
  readonly type: "drift-seen";
  readonly drifts: readonly Drift[];
}

export interface DriftHistory {
  readonly drifts: readonly Drift[];
  /** Key of a difference that is there → when it was seen first. */
  readonly firstSeen: Readonly<Record<string, Instant>>;
  readonly lastSequence: number;
}

/** Nothing was seen yet. */
export const UNSEEN: DriftHistory = { drifts: [], firstSeen: {}, lastSequence: 0 };

/** Folds one look in: a difference that was there before keeps its first moment. */
export function applyDriftSeen(
  before: DriftHistory,
  { event, at, sequence }: { readonly event: DriftSeen; readonly at: Instant; readonly sequence: number },
): DriftHistory {
  const firstSeen = event.drifts.map((drift) => [driftKey(drift), before.firstSeen[driftKey(drift)] ?? at] as const);
  return { drifts: event.drifts, firstSeen: Object.fromEntries(firstSeen), lastSequence: sequence };
}

/** What is there now, with its history and what people said of it. */
export function seenDrift(history: DriftHistory, decisions: Decisions, now: Instant): readonly SeenDrift[] {
  return history.drifts.map((drift) => {
    const key = driftKey(drift);
    const ignored = decisions.ignoredDrift[key];
    const isIgnored = ignored !== undefined && now < ignored.until;
    return { ...drift, firstSeen: history.firstSeen[key] ?? now, ...(isIgnored ? { ignored } : {}) };
  });
}
