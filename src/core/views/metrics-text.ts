import { formatDuration } from "../values/time.ts";
import type { MetricsView, ReleaseMark, RevisionMetricsView } from "./metrics-view.ts";

const HEAD = ["SERVICE", "REVISION", "TRAFFIC", "REQUESTS", "PER S", "5XX", "P50", "P95", "P99", "KNOWN"];
/** Columns that are numbers. */
const RIGHT = new Set(HEAD.slice(2));

/** A view as a table, with what releases did to the traffic. */
export function metricsText(view: MetricsView): string {
  const { environment, from, until, revisions, marks } = view;
  const head = `${environment}: requests that ended from ${from} to ${until}`;
  if (revisions.length === 0)
    return [head, "", "Nothing is known: no service has traffic, and none was asked."].join("\n");
  const slices = Math.ceil((Date.parse(until) - Date.parse(from)) / 1_000 / view.sliceSeconds);
  const rows = revisions.map((revision) => cellsOf(revision, { slices, sliceSeconds: view.sliceSeconds }));
  const isSilent = revisions.some(({ slices: known }) => known.length < slices);
  return [
    head,
    "",
    ...table([HEAD, ...rows]),
    "",
    ...(marks.length === 0 ? ["No release moved traffic in this time."] : ["Releases that moved traffic:"]),
    ...marks.map((mark) => `  ${mark.at}  ${markText(mark)}`),
    ...(isSilent ? ["", "Time that is not KNOWN had no request that was counted; that is not the same as none."] : []),
  ].join("\n");
}

/** What a release did, in a sentence. */
export function markText({ release, service, revision, what, rollbackTo }: ReleaseMark): string {
  if (revision === "removed") return `${release} took ${service} away again`;
  if (what === "restored") return `${release} failed, and gave ${service} back to ${revision}`;
  if (rollbackTo !== undefined) return `${release} gave ${service} back to ${revision}, as ${rollbackTo} released it`;
  return `${release} gave ${service} to ${revision}`;
}

/** A percentage for people: `0 %`, `0.25 %`, `12 %`. */
export function percentText(percent: number): string {
  return `${percent >= 10 ? Math.round(percent) : Number(percent.toPrecision(2))} %`;
}

function cellsOf(
  { service, revision, trafficPercent, measured, slices }: RevisionMetricsView,
  window: { readonly slices: number; readonly sliceSeconds: number },
): readonly string[] {
  const names = [service, revision, percentText(trafficPercent)];
  if (measured === undefined) return [...names, "nothing known"];
  const { requests, requestsPerSecond, errorPercent, latencyMs } = measured;
  const times =
    latencyMs === undefined ? ["?", "?", "?"] : [latencyMs.p50, latencyMs.p95, latencyMs.p99].map(formatDuration);
  const minutes = (count: number) => Math.round((count * window.sliceSeconds) / 60);
  const known = `${minutes(slices.length)} of ${minutes(window.slices)} min`;
  return [
    ...names,
    String(requests),
    String(Number(requestsPerSecond.toPrecision(2))),
    percentText(errorPercent),
    ...times,
    known,
  ];
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) => {
    // What says that there is nothing stands over the columns that it is instead of.
    const cells = rows.filter((row) => row.length === HEAD.length || column < 3).map((row) => row[column] ?? "");
    return Math.max(...cells.map((cell) => cell.length));
  });
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const isWords = row.length < HEAD.length && column === row.length - 1;
        return RIGHT.has(HEAD[column] ?? "") && !isWords ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
