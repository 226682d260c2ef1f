import { addLatency, LATENCY_BOUNDS_MS, NO_LATENCIES } from "../core/metrics/latencies.ts";
import { countRequest, type RequestCounts } from "../core/metrics/request-counts.ts";
import type { RequestSlice } from "../core/metrics/requests.ts";
import { type Instant, instant } from "../core/values/time.ts";
import type { RequestMetrics, RequestWindow } from "./request-metrics.ts";

/** A request that ended. */
export interface EndedRequest {
  readonly service: string;
  readonly revision: string;
  readonly status: number;
  readonly durationMs: number;
  readonly at: Instant;
}

/** Counts in memory. `refuse` makes every reading fail with those words. */
export function createMemoryRequestMetrics(): {
  readonly requestMetrics: RequestMetrics;
  readonly count: (request: EndedRequest) => void;
  readonly refuse: (words: string) => void;
} {
  const ended: EndedRequest[] = [];
  let refusal: string | undefined;
  return {
    count: (request) => void ended.push(request),
    refuse(words) {
      refusal = words;
    },
    requestMetrics: {
      async read(window) {
        if (refusal !== undefined) throw new Error(refusal);
        const within = ended.filter(({ at }) => at >= window.from && at < window.until);
        const names = [...new Map(within.map((each) => [`${each.service}/${each.revision}`, each])).values()];
        return names.map(({ service, revision }) => ({
          service,
          revision,
          slices: slicesOf(
            within.filter((each) => each.service === service && each.revision === revision),
            window,
          ),
        }));
      },
    },
  };
}

function slicesOf(requests: readonly EndedRequest[], { from, sliceMs }: RequestWindow): readonly RequestSlice[] {
  const indexOf = ({ at }: EndedRequest) => Math.floor((at - from) / sliceMs);
  const indexes = [...new Set(requests.map(indexOf))].sort((one, other) => one - other);
  return indexes.map((index) => {
    const own = requests.filter((each) => indexOf(each) === index);
    const counts: RequestCounts = own.reduce(countRequest, {});
    const { buckets } = own.reduce((all, { durationMs }) => addLatency(all, durationMs), NO_LATENCIES);
    return {
      from: instant(from + index * sliceMs),
      counts: Object.fromEntries(Object.entries(counts).map(([name, { count }]) => [name, count])),
      latencies: { bounds: LATENCY_BOUNDS_MS, buckets },
    };
  });
}
