import { expect, it } from "vitest";
import { countRequest } from "../core/metrics/request-counts.ts";
import { prometheusText } from "./prometheus-text.ts";

const requests = [
  { status: 200, durationMs: 4 },
  { status: 204, durationMs: 30 },
  { status: 503, durationMs: 90_000 },
];
const total = requests.reduce(countRequest, {});
const text = (revision: string) => prometheusText({ revisions: [{ revision, total, minutes: [] }], dropped: 7 });

it("says what each metric is before its lines", () => {
  const lines = text("p/l/api/api-1").trimEnd().split("\n");
  const said = new Set<string>();
  for (const line of lines) {
    const [, comment, name = ""] = /^# (HELP|TYPE) (\S+) /.exec(line) ?? [];
    if (comment === "TYPE") said.add(name);
    if (comment === undefined) expect(said).toContain(line.replace(/(_bucket|_sum|_count)?[{ ].*$/, ""));
  }
  expect(said.size).toBe(3);
});

it("counts by class, and has a histogram whose buckets hold those below them", () => {
  const own = 'project="p",location="l",service="api",revision="api-1"';
  const lines = text("p/l/api/api-1").split("\n");
  for (const line of [
    `mobius_requests_total{${own},class="2xx"} 2`,
    `mobius_requests_total{${own},class="5xx"} 1`,
    `mobius_request_latency_seconds_bucket{${own},le="0.005"} 1`,
    `mobius_request_latency_seconds_bucket{${own},le="0.025"} 1`,
    `mobius_request_latency_seconds_bucket{${own},le="0.05"} 2`,
    `mobius_request_latency_seconds_bucket{${own},le="60"} 2`,
    `mobius_request_latency_seconds_bucket{${own},le="+Inf"} 3`,
    `mobius_request_latency_seconds_sum{${own}} 90.034`,
    `mobius_request_latency_seconds_count{${own}} 3`,
    "mobius_requests_uncounted_total 7",
  ]) {
    expect(lines).toContain(line);
  }
});

it("escapes labels", () => {
  expect(text('p/l/a"b\\c\nd/r')).toContain('service="a\\"b\\\\c\\nd"');
});
