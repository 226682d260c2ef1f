import type { Distribution } from "../metrics/distribution.ts";
import { type RequestSlice, type RevisionRequests, summariseRequests } from "../metrics/requests.ts";
import type { CanarySplit } from "../release/events.ts";
import { type Instant, instant } from "../values/time.ts";
import type { CanaryNumbers } from "./judge-canary.ts";

/** Clouds count by the minute. */
export const SLICE_MS = 60_000;

/** No cloud is asked for more: the embedded one keeps a day. */
const MAX_WINDOW_MS = 24 * 60 * SLICE_MS;

/** How long after a minute a cloud may still add to its counts: Google tells up to three minutes late. */
export const SETTLE_MS = { embedded: 0, google: 180_000 } as const;

/** The start of the minute. */
export function minuteStart(at: Instant): Instant {
  return instant(Math.floor(at / SLICE_MS) * SLICE_MS);
}

/** What to ask a cloud for at a step: from as long before the first step as this one bakes, to the end of this minute. */
export function canaryWindow(times: {
  readonly firstBegunAt: Instant;
  readonly bakeMs: number;
  readonly now: Instant;
}): { readonly from: Instant; readonly until: Instant; readonly sliceMs: number } {
  const until = instant(minuteStart(times.now) + SLICE_MS);
  const wanted = minuteStart(instant(times.firstBegunAt - Math.max(times.bakeMs, SLICE_MS)));
  const from = instant(Math.max(Math.min(wanted, until - SLICE_MS), until - MAX_WINDOW_MS));
  return { from, until, sliceMs: SLICE_MS };
}

/**
 * What a step's services did. A step begins within a minute, so what its candidates had been counted for by then (`before`:
 * checks of the release, the step before) is taken off; counts that a crash of the cloud took never make less than none.
 */
export function canaryNumbers(
  splits: readonly CanarySplit[],
  requests: readonly RevisionRequests[],
  step: { readonly begunAt: Instant; readonly before: readonly RevisionRequests[] },
): readonly CanaryNumbers[] {
  const since = minuteStart(step.begunAt);
  return splits.map(({ service, serving, candidate }) => {
    const counted = slicesOf(requests, service, candidate).filter(({ from }) => from >= since);
    const earlier = slicesOf(step.before, service, candidate);
    return {
      service,
      candidate: summariseRequests(counted.flatMap((slice) => without(slice, earlier))),
      serving: summariseRequests(slicesOf(requests, service, serving)),
    };
  });
}

function slicesOf(all: readonly RevisionRequests[], service: string, revision: string): readonly RequestSlice[] {
  return all.filter((each) => each.service === service && each.revision === revision).flatMap(({ slices }) => slices);
}

function without(slice: RequestSlice, earlier: readonly RequestSlice[]): readonly RequestSlice[] {
  const known = earlier.find(({ from }) => from === slice.from);
  if (known === undefined) return [slice];
  const counts = Object.entries(slice.counts)
    .map(([name, value]) => [name, Math.max(0, value - (known.counts[name] ?? 0))] as const)
    .filter(([, value]) => value > 0);
  return counts.length === 0
    ? []
    : [{ ...slice, counts: Object.fromEntries(counts), latencies: lessBuckets(slice.latencies, known.latencies) }];
}

/** Buckets with other bounds cannot be taken off, and stay. */
function lessBuckets(all: Distribution, less: Distribution): Distribution {
  if (all.bounds.join() !== less.bounds.join()) return all;
  return { bounds: all.bounds, buckets: all.buckets.map((each, at) => Math.max(0, each - (less.buckets[at] ?? 0))) };
}
