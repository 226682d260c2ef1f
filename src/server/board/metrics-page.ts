import { formatDuration } from "../../core/values/time.ts";
import { markText, percentText } from "../../core/views/metrics-text.ts";
import type { MetricsView, ReleaseMark, RevisionMetricsView } from "../../core/views/metrics-view.ts";
import { type Html, html, page } from "./html.ts";

/** How far back the page can look, in minutes. */
const WINDOWS = [60, 360, 1_440] as const;
/** A chart's height in units of its view box; a slice is one unit wide and has one above it for the mark. */
const HEIGHT = 20;

/** Requests, errors and latencies of each revision of an environment, with the releases of that time. */
export function metricsPage(view: MetricsView, minutes: number): string {
  const { environment, from, until, revisions, marks } = view;
  const windows = WINDOWS.map((each) => {
    const text = `${each / 60} h`;
    return each === minutes ? html` <strong>${text}</strong>` : html` <a href="?minutes=${each}">${text}</a>`;
  });
  const services = [...new Set(revisions.map(({ service }) => service))];
  return page(
    `Metrics of ${environment}`,
    html`<h1>Metrics of ${environment}</h1>
<p>Requests that ended from <time>${from}</time> to <time>${until}</time>. Show:${windows}</p>
${services.length === 0 ? html`<p>Nothing is known: no service has traffic, and none was asked.</p>` : ""}
${services.map((service) => serviceTable(view, service))}
<h2>Releases that moved traffic</h2>
${marks.length === 0 ? html`<p>None in this time.</p>` : html`<ul>${marks.map(markItem)}</ul>`}
<p>A gap in a chart is time without a request that was counted; that is not the same as none.</p>`,
  );
}

function markItem(mark: ReleaseMark): Html {
  return html`<li><time>${mark.at}</time> <a href="/releases/${mark.release}">${markText(mark)}</a></li>`;
}

const COLUMNS = [
  "Revision",
  "Traffic",
  "Requests",
  "Per s",
  "5xx",
  "p50",
  "p95",
  "p99",
  "Requests over time, errors below",
];

function serviceTable(view: MetricsView, service: string): Html {
  const rows = view.revisions.filter((each) => each.service === service);
  const most = Math.max(1, ...rows.flatMap(({ slices }) => slices.map(({ requests }) => requests)));
  return html`<div class="table"><table><caption>${service}</caption>
<thead><tr>${COLUMNS.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => revisionRow(view, row, most))}</tbody></table></div>`;
}

function revisionRow(view: MetricsView, row: RevisionMetricsView, most: number): Html {
  const { revision, trafficPercent, measured } = row;
  const name = html`<tr><td><code>${revision}</code></td><td>${percentText(trafficPercent)}</td>`;
  if (measured === undefined) return html`${name}<td colspan="7">nothing known</td></tr>`;
  const { requests, requestsPerSecond, errorPercent, latencyMs } = measured;
  const times =
    latencyMs === undefined ? ["?", "?", "?"] : [latencyMs.p50, latencyMs.p95, latencyMs.p99].map(formatDuration);
  const cells = [requests, Number(requestsPerSecond.toPrecision(2))];
  return html`${name}${cells.map((cell) => html`<td>${cell}</td>`)}
<td class="${errorPercent > 0 ? "bad" : ""}">${percentText(errorPercent)}</td>${times.map((time) => html`<td>${time}</td>`)}
<td>${chart(view, row, most)}</td></tr>`;
}

/** Bars of requests, the part that failed at their foot, and a line where a release moved this service's traffic. */
function chart(view: MetricsView, { service, slices, revision }: RevisionMetricsView, most: number): Html {
  const start = Date.parse(view.from);
  const at = (time: string) => (Date.parse(time) - start) / (view.sliceSeconds * 1_000);
  const width = Math.max(1, Math.ceil(at(view.until)));
  const bars = slices.map(({ from, requests, errorPercent }) => {
    const height = (requests / most) * HEIGHT;
    const failed = (height * errorPercent) / 100;
    const x = Math.floor(at(from));
    const bar = (kind: string, size: number) =>
      html`<rect class="${kind}" x="${x}" y="${number(HEIGHT + 1 - size)}" width="0.9" height="${number(size)}"/>`;
    return html`${bar("requests", height)}${failed > 0 ? bar("errors", Math.max(failed, 1)) : ""}`;
  });
  const lines = view.marks
    .filter((mark) => mark.service === service)
    .map((mark) => html`<line x1="${number(at(mark.at))}" x2="${number(at(mark.at))}" y1="0" y2="${HEIGHT + 1}"/>`);
  return html`<svg class="chart" viewBox="0 0 ${width} ${HEIGHT + 1}" preserveAspectRatio="none" role="img" aria-label="Requests of ${revision} over time">${bars}${lines}</svg>`;
}

function number(value: number): string {
  return String(Number(value.toFixed(2)));
}
