import { type Latencies, mergeLatencies } from "../../core/metrics/latencies.ts";
import type { Minute, RequestCounts } from "../../core/metrics/request-counts.ts";

const MINUTE_MS = 60_000;

/** The metrics that there are, under Google's names, each with the type of its values. */
const METRICS = {
  "run.googleapis.com/request_count": "INT64",
  "run.googleapis.com/request_latencies": "DISTRIBUTION",
} as const;

export type MetricType = keyof typeof METRICS;

/** The one kind of resource that these metrics are of. */
export const RESOURCE_TYPE = "cloud_run_revision";

/** Requests of one revision, minute by minute. A minute that is not there had no request that we know of. */
export interface CountedRevision {
  /** `project/location/service/revision`. */
  readonly revision: string;
  readonly minutes: readonly { readonly minute: Minute; readonly counts: RequestCounts }[];
}

/** A value and the time that it is about, in ms since 1970. */
export interface Point {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly value: number | Latencies;
}

/** A time series as Google has it; values are numbers unless its type is DISTRIBUTION. */
export interface Series {
  readonly type: MetricType;
  readonly metricLabels: Readonly<Record<string, string>>;
  readonly resourceLabels: Readonly<Record<string, string>>;
  readonly metricKind: "DELTA" | "GAUGE";
  readonly valueType: "INT64" | "DOUBLE" | "DISTRIBUTION";
  /** Newest first, as Google lists them. */
  readonly points: readonly Point[];
}

/** Whether it is a metric that there is. */
export function isMetricType(text: string): text is MetricType {
  return Object.hasOwn(METRICS, text);
}

/** The series of a metric in a project, one for each revision and class of status. */
export function seriesOf(type: MetricType, project: string, revisions: readonly CountedRevision[]): readonly Series[] {
  return revisions
    .filter(({ revision }) => revision.startsWith(`${project}/`))
    .flatMap((revision) => classesOf(revision).map((statusClass) => oneSeries(type, revision, statusClass)));
}

function classesOf({ minutes }: CountedRevision): readonly string[] {
  return [...new Set(minutes.flatMap(({ counts }) => Object.keys(counts)))].sort();
}

function oneSeries(type: MetricType, { revision, minutes }: CountedRevision, statusClass: string): Series {
  const [project = "", location = "", service = "", name = ""] = revision.split("/");
  const valueType = METRICS[type];
  return {
    type,
    metricLabels: { response_code_class: statusClass },
    resourceLabels: {
      project_id: project,
      location,
      service_name: service,
      revision_name: name,
      configuration_name: service,
    },
    metricKind: "DELTA",
    valueType,
    points: minutes
      .flatMap(({ minute, counts }): readonly Point[] => {
        const latencies = counts[statusClass];
        if (latencies === undefined) return [];
        const fromMs = minute * MINUTE_MS;
        const value = valueType === "INT64" ? latencies.count : latencies;
        return [{ fromMs, untilMs: fromMs + MINUTE_MS, value }];
      })
      .reverse(),
  };
}

/** Two values of one type together. */
export function sumOf(one: Point["value"], other: Point["value"]): Point["value"] {
  if (typeof one === "number" && typeof other === "number") return one + other;
  if (typeof one === "object" && typeof other === "object") return mergeLatencies(one, other);
  throw new TypeError("a number and a distribution have no sum");
}
