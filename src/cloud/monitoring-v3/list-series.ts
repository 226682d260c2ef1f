import { LATENCY_BOUNDS_MS } from "../../core/metrics/latencies.ts";
import { instant, toIso } from "../../core/values/time.ts";
import { align, reduce } from "./aggregation.ts";
import type { ListQuery } from "./read-query.ts";
import { type CountedRevision, type Point, RESOURCE_TYPE, type Series, seriesOf } from "./series.ts";

/** The answer to a query about a project, in the API's JSON. */
export function listSeries(project: string, query: ListQuery, revisions: readonly CountedRevision[]) {
  const { filter, interval, alignment, reduction } = query;
  const raw = seriesOf(filter.type, project, revisions)
    .filter(filter.takes)
    .map((series) => ({ ...series, points: series.points.filter((point) => isWithin(point, interval)) }))
    .filter(({ points }) => points.length > 0);
  const aligned = alignment === undefined ? raw : raw.map((series) => align(series, alignment));
  const found = reduction === undefined ? aligned : reduce(aligned, reduction);
  return query.view === "HEADERS" ? headersPage(found, query) : pointsPage(found, query);
}

function isWithin({ untilMs }: Point, interval: ListQuery["interval"]): boolean {
  return untilMs > interval.fromMs && untilMs <= interval.untilMs;
}

function headersPage(found: readonly Series[], { offset, pageSize }: ListQuery) {
  const shown = found.slice(offset, offset + pageSize).map((series) => headOf(series));
  return pageOf(shown, { end: offset + pageSize, total: found.length });
}

/** A page counts points: a series may go on on the next one. */
function pointsPage(found: readonly Series[], { offset, pageSize }: ListQuery) {
  const shown: object[] = [];
  let total = 0;
  for (const series of found) {
    const points = series.points.slice(Math.max(0, offset - total), Math.max(0, offset + pageSize - total));
    if (points.length > 0) shown.push({ ...headOf(series), points: points.map((point) => pointJson(series, point)) });
    total += series.points.length;
  }
  return pageOf(shown, { end: offset + pageSize, total });
}

function pageOf(timeSeries: readonly object[], { end, total }: { readonly end: number; readonly total: number }) {
  return {
    ...(timeSeries.length === 0 ? {} : { timeSeries }),
    ...(end < total ? { nextPageToken: String(end) } : {}),
  };
}

function headOf({ type, metricLabels, resourceLabels, metricKind, valueType }: Series) {
  return {
    metric: { type, ...(Object.keys(metricLabels).length === 0 ? {} : { labels: metricLabels }) },
    resource: { type: RESOURCE_TYPE, labels: resourceLabels },
    metricKind,
    valueType,
  };
}

function pointJson({ valueType }: Series, { fromMs, untilMs, value }: Point) {
  const interval = { startTime: toIso(instant(fromMs)), endTime: toIso(instant(untilMs)) };
  return { interval, value: valueJson(valueType, value) };
}

function valueJson(valueType: Series["valueType"], value: Point["value"]) {
  if (typeof value === "number") return valueType === "INT64" ? { int64Value: String(value) } : { doubleValue: value };
  return {
    distributionValue: {
      count: String(value.count),
      mean: value.count === 0 ? 0 : value.sumMs / value.count,
      bucketOptions: { explicitBuckets: { bounds: LATENCY_BOUNDS_MS } },
      bucketCounts: value.buckets.map(String),
    },
  };
}
