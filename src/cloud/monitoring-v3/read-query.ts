import { z } from "zod";
import { parseDuration } from "../../core/build/duration.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { ALIGNERS, type Alignment, REDUCERS, type Reduction, takes } from "./aggregation.ts";
import { invalid, notHere, type Refusal } from "./google-error.ts";
import { fieldName, isField, parseSeriesFilter, type SeriesFilter } from "./series-filter.ts";

/** What a call of `projects.timeSeries.list` asks for. */
export interface ListQuery {
  readonly filter: SeriesFilter;
  /** Points are asked for that end after the first and not after the second, in ms since 1970. */
  readonly interval: { readonly fromMs: number; readonly untilMs: number };
  readonly alignment?: Alignment;
  readonly reduction?: Reduction;
  readonly view: "FULL" | "HEADERS";
  /** Points, or series for a view of headers. */
  readonly pageSize: number;
  readonly offset: number;
}

const MAX_PAGE = 100_000;
const MAX_GROUP_FIELDS = 20;
const MIN_PERIOD_MS = 60_000;
/** Google's numbers of its enums, which Node's client sends (google/monitoring/v3/common.proto). */
const ALIGNER_NUMBERS: Readonly<Record<string, string>> = {
  ...{ 0: "ALIGN_NONE", 1: "ALIGN_DELTA", 2: "ALIGN_RATE", 3: "ALIGN_INTERPOLATE", 4: "ALIGN_NEXT_OLDER" },
  ...{ 10: "ALIGN_MIN", 11: "ALIGN_MAX", 12: "ALIGN_MEAN", 13: "ALIGN_COUNT", 14: "ALIGN_SUM", 15: "ALIGN_STDDEV" },
  ...{ 16: "ALIGN_COUNT_TRUE", 17: "ALIGN_FRACTION_TRUE", 18: "ALIGN_PERCENTILE_99", 19: "ALIGN_PERCENTILE_95" },
  ...{ 20: "ALIGN_PERCENTILE_50", 21: "ALIGN_PERCENTILE_05", 23: "ALIGN_PERCENT_CHANGE", 24: "ALIGN_COUNT_FALSE" },
};
const REDUCER_NUMBERS: Readonly<Record<string, string>> = {
  ...{ 0: "REDUCE_NONE", 1: "REDUCE_MEAN", 2: "REDUCE_MIN", 3: "REDUCE_MAX", 4: "REDUCE_SUM", 5: "REDUCE_STDDEV" },
  ...{ 6: "REDUCE_COUNT", 7: "REDUCE_COUNT_TRUE", 8: "REDUCE_FRACTION_TRUE", 9: "REDUCE_PERCENTILE_99" },
  ...{ 10: "REDUCE_PERCENTILE_95", 11: "REDUCE_PERCENTILE_50", 12: "REDUCE_PERCENTILE_05", 15: "REDUCE_COUNT_FALSE" },
};
const VIEW_NUMBERS: Readonly<Record<string, string>> = { 0: "FULL", 1: "HEADERS" };

const once = z.string().default("");
const shape = z.object({
  filter: once,
  "interval.startTime": once,
  "interval.endTime": once,
  "aggregation.alignmentPeriod": once,
  "aggregation.perSeriesAligner": once,
  "aggregation.crossSeriesReducer": once,
  "aggregation.groupByFields": z
    .union([z.string().transform((field) => [field]), z.array(z.string()).max(MAX_GROUP_FIELDS)])
    .default([]),
  orderBy: once,
  view: once,
  pageSize: once,
  pageToken: once,
});
type Asked = z.output<typeof shape>;

/** Reads the query of a call. What it does not know is refused, never left out. */
export function readQuery(query: unknown): Result<ListQuery, Refusal> {
  const parsed = shape.safeParse(query);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return err(invalid(issue?.path.join(".") ?? "query", "", "it is there more than once, or too often."));
  }
  const { data: asked } = parsed;
  const secondary = Object.keys(query as object).find((name) => name.startsWith("secondaryAggregation"));
  if (secondary !== undefined) return err(notHere("secondaryAggregation"));
  if (asked.orderBy !== "") return err(invalid("order_by", asked.orderBy, "it must be left blank."));
  const filter = parseSeriesFilter(asked.filter.trim());
  if (!filter.ok) return filter;
  const interval = intervalOf(asked);
  if (!interval.ok) return interval;
  const aggregation = aggregationOf(asked, interval.value.untilMs, filter.value);
  if (!aggregation.ok) return aggregation;
  const page = pageOf(asked);
  if (!page.ok) return page;
  return ok({ filter: filter.value, interval: interval.value, ...aggregation.value, ...page.value });
}

function intervalOf(asked: Asked): Result<ListQuery["interval"], Refusal> {
  const { "interval.startTime": start, "interval.endTime": end } = asked;
  const untilMs = Date.parse(end);
  if (Number.isNaN(untilMs)) return err(invalid("interval.end_time", end, "an end time is required."));
  // Without a start only what ends at the end is asked for.
  const fromMs = start === "" ? untilMs - 1 : Date.parse(start);
  if (Number.isNaN(fromMs)) return err(invalid("interval.start_time", start, "it is no time."));
  if (fromMs >= untilMs) return err(invalid("interval.start_time", start, "it must be before the end time."));
  return ok({ fromMs, untilMs });
}

function aggregationOf(
  asked: Asked,
  untilMs: number,
  { type }: SeriesFilter,
): Result<Pick<ListQuery, "alignment" | "reduction">, Refusal> {
  const aligner = named(asked["aggregation.perSeriesAligner"], ALIGNER_NUMBERS);
  const reducer = named(asked["aggregation.crossSeriesReducer"], REDUCER_NUMBERS);
  if (aligner === undefined)
    return err(
      invalid("aggregation.per_series_aligner", asked["aggregation.perSeriesAligner"], "there is none of that name."),
    );
  if (reducer === undefined)
    return err(
      invalid(
        "aggregation.cross_series_reducer",
        asked["aggregation.crossSeriesReducer"],
        "there is none of that name.",
      ),
    );
  if (aligner === "ALIGN_NONE") {
    if (reducer === "REDUCE_NONE") return ok({});
    return err(invalid("aggregation.per_series_aligner", aligner, "series must be aligned before they are reduced."));
  }
  const knownAligner = ALIGNERS.find((each) => each === aligner);
  const knownReducer = REDUCERS.find((each) => each === reducer);
  if (knownAligner === undefined) return err(notHere(aligner));
  if (reducer !== "REDUCE_NONE" && knownReducer === undefined) return err(notHere(reducer));
  const period = asked["aggregation.alignmentPeriod"];
  const periodMs = parseDuration(period) ?? 0;
  if (periodMs < MIN_PERIOD_MS) return err(invalid("aggregation.alignment_period", period, "it must be at least 60s."));
  let value: "number" | "distribution" = type.endsWith("/request_count") ? "number" : "distribution";
  if ((takes(knownAligner) ?? value) !== value)
    return err(invalid("aggregation.per_series_aligner", aligner, `it is not for values of ${type}.`));
  if (takes(knownAligner) !== undefined) value = "number";
  if (knownReducer !== undefined && (takes(knownReducer) ?? value) !== value) {
    return err(notHere(`${knownReducer} of numbers`));
  }
  const groupByFields = asked["aggregation.groupByFields"].map(fieldName);
  const unknown = groupByFields.find((field) => !isField(field));
  if (unknown !== undefined) return err(invalid("aggregation.group_by_fields", unknown, "there is no such field."));
  return ok({
    alignment: { aligner: knownAligner, periodMs, untilMs },
    ...(knownReducer === undefined ? {} : { reduction: { reducer: knownReducer, groupByFields } }),
  });
}

function pageOf(asked: Asked): Result<Pick<ListQuery, "view" | "pageSize" | "offset">, Refusal> {
  const view = named(asked.view, VIEW_NUMBERS);
  if (view !== "FULL" && view !== "HEADERS") return err(invalid("view", asked.view, "it is FULL or HEADERS."));
  const [pageSize, offset] = [Number(asked.pageSize), Number(asked.pageToken)];
  if (!Number.isInteger(pageSize) || pageSize < 0) return err(invalid("page_size", asked.pageSize, "it is no number."));
  if (!Number.isSafeInteger(offset) || offset < 0)
    return err(invalid("page_token", asked.pageToken, "it is none of ours."));
  return ok({ view, offset, pageSize: pageSize === 0 ? MAX_PAGE : Math.min(pageSize, MAX_PAGE) });
}

/** The name of a value of an enum, given by name or number; its first where none is given. */
function named(text: string, numbers: Readonly<Record<string, string>>): string | undefined {
  if (text === "") return numbers[0];
  return Object.values(numbers).includes(text) ? text : Object.hasOwn(numbers, text) ? numbers[text] : undefined;
}
