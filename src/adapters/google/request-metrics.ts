import type { protos } from "@google-cloud/monitoring";
import { type Distribution, NO_DISTRIBUTION } from "../../core/metrics/distribution.ts";
import type { RequestSlice, RevisionRequests } from "../../core/metrics/requests.ts";
import { instant } from "../../core/values/time.ts";
import type { RequestMetrics, RequestWindow } from "../../ports/request-metrics.ts";
import { clientOptions, type Endpoint } from "./client-options.ts";

type Series = protos.google.monitoring.v3.ITimeSeries;
type Point = protos.google.monitoring.v3.IPoint;

const CALL_TIMEOUT_MS = 30_000;
/** Series of one answer that are read; more than every revision of an environment that serves has. */
const MAX_SERIES = 10_000;
const BY_REVISION = ["resource.labels.service_name", "resource.labels.revision_name"];

export interface RequestMetricsOptions {
  readonly endpoint: Endpoint;
  readonly project: string;
  readonly region: string;
}

interface Gathered {
  readonly service: string;
  readonly revision: string;
  readonly slices: Map<number, { readonly counts: Record<string, number>; latencies: Distribution }>;
}

/**
 * Cloud Monitoring of one project and region through Google's client: two calls, one for the counts by class of status
 * and one for the latencies, each put together by slice over there.
 */
export function createRequestMetrics({ endpoint, project, region }: RequestMetricsOptions): RequestMetrics {
  let connecting: ReturnType<typeof connect> | undefined;
  const list = async (metric: string, window: RequestWindow, groupByFields: string[]): Promise<readonly Series[]> => {
    connecting ??= connect(endpoint);
    const request = {
      name: `projects/${project}`,
      filter: `metric.type="run.googleapis.com/${metric}" AND resource.type="cloud_run_revision" AND resource.labels.location="${region}"`,
      // An end ahead of now is fine: the minute that goes on ends there.
      interval: { startTime: timestamp(window.from), endTime: timestamp(window.until) },
      aggregation: {
        alignmentPeriod: { seconds: window.sliceMs / 1_000 },
        perSeriesAligner: "ALIGN_DELTA",
        crossSeriesReducer: "REDUCE_SUM",
        groupByFields,
      },
      view: "FULL",
    } as const;
    const options = { timeout: CALL_TIMEOUT_MS, maxResults: MAX_SERIES };
    const [series] = await (await connecting).listTimeSeries(request, options);
    return series;
  };
  return {
    async read(window) {
      const [counts, latencies] = await Promise.all([
        list("request_count", window, [...BY_REVISION, "metric.labels.response_code_class"]),
        list("request_latencies", window, BY_REVISION),
      ]);
      return putTogether(window, counts, latencies);
    },
  };
}

async function connect(endpoint: Endpoint) {
  const { MetricServiceClient } = await import("@google-cloud/monitoring");
  // The client's own option types name optional members without `undefined`, as ours do; the shapes are the same.
  return new MetricServiceClient(
    (await clientOptions(endpoint)) as ConstructorParameters<typeof MetricServiceClient>[0],
  );
}

function putTogether(
  { sliceMs }: RequestWindow,
  counts: readonly Series[],
  latencies: readonly Series[],
): readonly RevisionRequests[] {
  const found = new Map<string, Gathered>();
  for (const series of counts) {
    const statusClass = series.metric?.labels?.response_code_class ?? "";
    for (const point of series.points ?? []) {
      const count = Number(point.value?.int64Value ?? 0);
      // Where nothing was counted, Google may put a zero: that there was nothing is not known.
      if (count > 0) sliceOf(gathered(found, series), point, sliceMs).counts[statusClass] = count;
    }
  }
  for (const series of latencies) {
    for (const point of series.points ?? []) {
      const distribution = distributionOf(point);
      if (distribution !== undefined) sliceOf(gathered(found, series), point, sliceMs).latencies = distribution;
    }
  }
  return [...found.values()].map(({ slices, ...names }) => ({ ...names, slices: inOrder(slices) }));
}

function gathered(found: Map<string, Gathered>, { resource }: Series): Gathered {
  const { service_name: service = "", revision_name: revision = "" } = resource?.labels ?? {};
  const key = `${service}/${revision}`;
  const known = found.get(key) ?? { service, revision, slices: new Map() };
  found.set(key, known);
  return known;
}

function sliceOf({ slices }: Gathered, { interval }: Point, sliceMs: number) {
  const end = interval?.endTime;
  const from = Number(end?.seconds ?? 0) * 1_000 + Math.round((end?.nanos ?? 0) / 1_000_000) - sliceMs;
  const known = slices.get(from) ?? { counts: {}, latencies: NO_DISTRIBUTION };
  slices.set(from, known);
  return known;
}

/** Without those that nothing but a latency is known of: a count may come a little later. */
function inOrder(slices: Gathered["slices"]): readonly RequestSlice[] {
  return [...slices]
    .filter(([, { counts }]) => Object.keys(counts).length > 0)
    .sort(([one], [other]) => one - other)
    .map(([from, slice]) => ({ from: instant(from), ...slice }));
}

/** Google names buckets by explicit bounds, by a width, or by a growth; bucket 0 is what is below the first bound. */
function distributionOf({ value }: Point): Distribution | undefined {
  const { bucketCounts, bucketOptions, count } = value?.distributionValue ?? {};
  if (Number(count ?? 0) === 0) return undefined;
  const { explicitBuckets, linearBuckets, exponentialBuckets } = bucketOptions ?? {};
  const finite = Number(linearBuckets?.numFiniteBuckets ?? exponentialBuckets?.numFiniteBuckets ?? 0);
  const boundAt = (index: number): number => {
    if (linearBuckets) return (linearBuckets.offset ?? 0) + (linearBuckets.width ?? 0) * index;
    return (exponentialBuckets?.scale ?? 0) * (exponentialBuckets?.growthFactor ?? 0) ** index;
  };
  const bounds = explicitBuckets?.bounds ?? Array.from({ length: finite + 1 }, (_, index) => boundAt(index));
  // Buckets at the end that hold nothing may be left out.
  const buckets = Array.from({ length: bounds.length + 1 }, (_, index) => Number(bucketCounts?.[index] ?? 0));
  return { bounds, buckets };
}

function timestamp(atMs: number): { readonly seconds: number; readonly nanos: number } {
  const seconds = Math.floor(atMs / 1_000);
  return { seconds, nanos: (atMs - seconds * 1_000) * 1_000_000 };
}
