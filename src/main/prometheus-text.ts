import type { CountedRequests, RevisionMetrics } from "../cloud/run/metrics.ts";
import { LATENCY_BOUNDS_MS, type Latencies, mergeLatencies, NO_LATENCIES } from "../core/metrics/latencies.ts";

const REQUESTS = "mobius_requests_total";
const LATENCY = "mobius_request_latency_seconds";
const DROPPED = "mobius_requests_uncounted_total";

/**
 * Requests since the start, in Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): a counter by class of status and a histogram of
 * latencies in seconds for each revision.
 */
export function prometheusText({ revisions: all, dropped }: CountedRequests): string {
  const revisions = all.filter(({ total }) => Object.keys(total).length > 0);
  const lines = [
    ...head(REQUESTS, "counter", "Requests that ended, by revision and class of status."),
    ...revisions.flatMap(requestLines),
    ...head(LATENCY, "histogram", "Time until the last byte of an answer, by revision."),
    ...revisions.flatMap(latencyLines),
    ...head(DROPPED, "counter", "Requests that were served and not counted, as too many revisions were."),
    `${DROPPED} ${dropped}`,
  ];
  return `${lines.join("\n")}\n`;
}

function head(name: string, type: "counter" | "histogram", help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function requestLines(revision: RevisionMetrics): readonly string[] {
  return Object.entries(revision.total).map(
    ([statusClass, { count }]) => `${REQUESTS}{${labels({ ...place(revision), class: statusClass })}} ${count}`,
  );
}

function latencyLines(revision: RevisionMetrics): readonly string[] {
  const all: Latencies = Object.values(revision.total).reduce(mergeLatencies, NO_LATENCIES);
  const own = place(revision);
  let below = 0;
  const buckets = LATENCY_BOUNDS_MS.map((bound, index) => {
    below += all.buckets[index] ?? 0;
    return `${LATENCY}_bucket{${labels({ ...own, le: String(bound / 1_000) })}} ${below}`;
  });
  return [
    ...buckets,
    `${LATENCY}_bucket{${labels({ ...own, le: "+Inf" })}} ${all.count}`,
    `${LATENCY}_sum{${labels(own)}} ${all.sumMs / 1_000}`,
    `${LATENCY}_count{${labels(own)}} ${all.count}`,
  ];
}

function place({ revision }: RevisionMetrics): Readonly<Record<string, string>> {
  const [project = "", location = "", service = "", name = ""] = revision.split("/");
  return { project, location, service, revision: name };
}

function labels(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
