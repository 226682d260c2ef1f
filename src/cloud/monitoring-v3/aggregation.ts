import { percentile } from "../../core/metrics/latencies.ts";
import { type Point, type Series, sumOf } from "./series.ts";
import { fieldOf } from "./series-filter.ts";

/** How points of one series are put together: those of each period, counted back from the interval's end. */
export interface Alignment {
  readonly aligner: Aligner;
  readonly periodMs: number;
  readonly untilMs: number;
}

/** How aligned series are put together: those that are equal in all of the fields. */
export interface Reduction {
  readonly reducer: Reducer;
  readonly groupByFields: readonly string[];
}

/** The aligners that there are here. */
export const ALIGNERS = [
  "ALIGN_DELTA",
  "ALIGN_RATE",
  "ALIGN_SUM",
  "ALIGN_PERCENTILE_99",
  "ALIGN_PERCENTILE_95",
  "ALIGN_PERCENTILE_50",
  "ALIGN_PERCENTILE_05",
] as const;
export type Aligner = (typeof ALIGNERS)[number];

/** The reducers that there are here. */
export const REDUCERS = [
  "REDUCE_SUM",
  "REDUCE_PERCENTILE_99",
  "REDUCE_PERCENTILE_95",
  "REDUCE_PERCENTILE_50",
  "REDUCE_PERCENTILE_05",
] as const;
export type Reducer = (typeof REDUCERS)[number];

/** The type of values that it can be asked of; undefined for all. */
export function takes(what: Aligner | Reducer): "number" | "distribution" | undefined {
  if (what.includes("_PERCENTILE_")) return "distribution";
  return what === "ALIGN_RATE" ? "number" : undefined;
}

/** One point for each period that has any; Google makes up others by interpolation, here a gap stays one. */
export function align(series: Series, { aligner, periodMs, untilMs }: Alignment): Series {
  const byPeriod = new Map<number, Point["value"]>();
  for (const { untilMs: end, value } of series.points) {
    const period = Math.floor((untilMs - end) / periodMs);
    const earlier = byPeriod.get(period);
    byPeriod.set(period, earlier === undefined ? value : sumOf(earlier, value));
  }
  const isGauge = aligner === "ALIGN_RATE" || takes(aligner) === "distribution";
  const points = [...byPeriod]
    .sort(([one], [other]) => one - other)
    .map(([period, sum]): Point => {
      const end = untilMs - period * periodMs;
      // What is measured at a moment begins where it ends.
      return { fromMs: isGauge ? end : end - periodMs, untilMs: end, value: alignedValue(aligner, sum, periodMs) };
    });
  return { ...series, points, ...(isGauge ? { metricKind: "GAUGE", valueType: "DOUBLE" } : {}) };
}

/** One series for each group, with the labels that it was grouped by and its project alone. */
export function reduce(all: readonly Series[], { reducer, groupByFields }: Reduction): readonly Series[] {
  const groups = new Map<string, Series[]>();
  for (const series of all) {
    const key = JSON.stringify(groupByFields.map((field) => fieldOf(series, field)));
    groups.set(key, [...(groups.get(key) ?? []), series]);
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [reduced([first, ...others], { reducer, groupByFields })],
  );
}

function reduced(group: readonly [Series, ...Series[]], { reducer, groupByFields }: Reduction): Series {
  const [first] = group;
  const sums = new Map<number, Point>();
  for (const point of group.flatMap(({ points }) => points)) {
    const earlier = sums.get(point.untilMs);
    sums.set(point.untilMs, earlier === undefined ? point : { ...point, value: sumOf(earlier.value, point.value) });
  }
  const percent = percentOf(reducer);
  const points = [...sums.values()]
    .sort((one, other) => other.untilMs - one.untilMs)
    .map((point) =>
      percent === undefined ? point : { ...point, fromMs: point.untilMs, value: percentileOf(point.value, percent) },
    );
  const kept = (of: "metric" | "resource", labels: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(labels).filter(([label]) => groupByFields.includes(`${of}.labels.${label}`)));
  const { project_id = "" } = first.resourceLabels;
  return {
    ...first,
    metricLabels: kept("metric", first.metricLabels),
    resourceLabels: { project_id, ...kept("resource", first.resourceLabels) },
    points,
    ...(percent === undefined ? {} : { metricKind: "GAUGE", valueType: "DOUBLE" }),
  };
}

function alignedValue(aligner: Aligner, sum: Point["value"], periodMs: number): Point["value"] {
  const percent = percentOf(aligner);
  if (percent !== undefined) return percentileOf(sum, percent);
  return aligner === "ALIGN_RATE" && typeof sum === "number" ? sum / (periodMs / 1_000) : sum;
}

function percentOf(what: Aligner | Reducer): number | undefined {
  const named = /_PERCENTILE_(\d\d)$/.exec(what)?.[1];
  return named === undefined ? undefined : Number(named);
}

function percentileOf(value: Point["value"], percent: number): number {
  if (typeof value === "number") throw new TypeError("a number has no percentiles");
  return percentile(value, percent) ?? 0;
}
