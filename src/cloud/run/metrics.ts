import {
  countRequest,
  isKept,
  KEPT_MINUTES,
  type Minute,
  mergeCounts,
  minuteOf,
  type RequestCounts,
} from "../../core/metrics/request-counts.ts";
import type { Clock } from "../../ports/clock.ts";

/** Revisions that are counted at once; requests of others are dropped from the counts, and their number is told. */
const MAX_REVISIONS = 100;

/** Requests of one revision. */
export interface RevisionMetrics {
  /** `project/location/service/revision`. */
  readonly revision: string;
  /** Since the cloud started, each until its answer's last byte. */
  readonly total: RequestCounts;
  /** Of the last 24 h, oldest first. A minute that is not there had no request that we know of. */
  readonly minutes: readonly { readonly minute: Minute; readonly counts: RequestCounts }[];
}

export interface CountedRequests {
  /** By revision, in the order of their first request. */
  readonly revisions: readonly RevisionMetrics[];
  /** Requests that were served and not counted, since too many revisions were. */
  readonly dropped: number;
}

/** Counts requests as they end. */
export interface Metrics {
  count(request: { readonly revision: string; readonly status: number; readonly durationMs: number }): void;
  /** Takes up minutes of an earlier run, which count in no total. */
  restore(earlier: Pick<RevisionMetrics, "revision" | "minutes">): void;
  read(): CountedRequests;
}

interface Counted {
  total: RequestCounts;
  readonly minutes: Map<Minute, RequestCounts>;
}

/** Counters in memory: minutes of a day for each of so many revisions. */
export function createMetrics(clock: Pick<Clock, "now">): Metrics {
  const revisions = new Map<string, Counted>();
  let dropped = 0;
  const counterOf = (revision: string): Counted | undefined => {
    const known = revisions.get(revision);
    if (known !== undefined) return known;
    if (revisions.size >= MAX_REVISIONS) forgetSilent(revisions, clock);
    if (revisions.size >= MAX_REVISIONS) return undefined;
    const counted: Counted = { total: {}, minutes: new Map() };
    revisions.set(revision, counted);
    return counted;
  };
  return {
    count({ revision, ...request }) {
      const counted = counterOf(revision);
      if (counted === undefined) {
        dropped += 1;
        return;
      }
      const minute = minuteOf(clock.now());
      counted.total = countRequest(counted.total, request);
      counted.minutes.set(minute, countRequest(counted.minutes.get(minute) ?? {}, request));
      if (counted.minutes.size > KEPT_MINUTES) forgetOld(counted, clock);
    },
    restore({ revision, minutes }) {
      const counted = counterOf(revision);
      for (const { minute, counts } of minutes) {
        if (!isKept(minute, clock.now())) continue;
        counted?.minutes.set(minute, mergeCounts(counted.minutes.get(minute) ?? {}, counts));
      }
    },
    read: () => ({
      dropped,
      revisions: [...revisions].map(([revision, { total, minutes }]) => ({
        revision,
        total,
        minutes: [...minutes]
          .filter(([minute]) => isKept(minute, clock.now()))
          .map(([minute, counts]) => ({ minute, counts }))
          .sort((one, other) => one.minute - other.minute),
      })),
    }),
  };
}

/** Revisions that had no request for a day make room. */
function forgetSilent(revisions: Map<string, Counted>, clock: Pick<Clock, "now">): void {
  for (const [revision, counted] of revisions) {
    forgetOld(counted, clock);
    if (counted.minutes.size === 0) revisions.delete(revision);
  }
}

function forgetOld({ minutes }: Counted, clock: Pick<Clock, "now">): void {
  for (const minute of minutes.keys()) {
    if (!isKept(minute, clock.now())) minutes.delete(minute);
  }
}
