/** Google's own Node client against the embedded Cloud Monitoring, over what the router's counters hold. */
import { readFileSync } from "node:fs";
import { MetricServiceClient, type protos } from "@google-cloud/monitoring";
import fastify from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOptions } from "../../src/adapters/google/client-options.ts";
import { registerMonitoringV3 } from "../../src/cloud/monitoring-v3/monitoring-v3.ts";
import { createMetrics } from "../../src/cloud/run/metrics.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { fromIso, type Instant } from "../../src/core/values/time.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";

type Request = protos.google.monitoring.v3.IListTimeSeriesRequest;

const COUNT = 'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"';
const LATENCIES = COUNT.replace("request_count", "request_latencies");
const CODE = { invalidArgument: 3, notFound: 5, permissionDenied: 7, unimplemented: 12, unauthenticated: 16 } as const;

let now: Instant = fromIso("2026-01-01T00:00:30Z");
const metrics = createMetrics({ now: () => now });
const app = fastify();
let url: string;
let client: MetricServiceClient;
let nobody: MetricServiceClient;

/** Answers of a revision in the present minute. */
function count(revision: string, status: number, durationsMs: readonly number[]): void {
  for (const durationMs of durationsMs) metrics.count({ revision: `p1/l/${revision}`, status, durationMs });
}

beforeAll(async () => {
  count("api/api-1", 200, [20, 20, 20, 20]);
  count("api/api-1", 503, [400, 400]);
  count("web/web-1", 200, [3]);
  metrics.count({ revision: "p2/l/api/api-9", status: 200, durationMs: 1 });
  now = fromIso("2026-01-01T00:03:30Z");
  count("api/api-1", 200, [20, 20]);
  count("api/api-2", 200, [90, 90, 90, 90, 90, 90]);
  registerMonitoringV3(app, {
    callerOf: async ({ headers }) =>
      headers.authorization === "Bearer good"
        ? { kind: "identity", email: "deploy@p1", environment: "staging", project: "p1" }
        : undefined,
    authority: createProjectAuthority(),
    requests: () => metrics.read().revisions,
  });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  const clientAs = async (token: string) =>
    new MetricServiceClient(
      (await clientOptions({
        kind: "embedded",
        url,
        token: new Secret(token),
        project: "p1",
      })) as ConstructorParameters<typeof MetricServiceClient>[0],
    );
  [client, nobody] = await Promise.all([clientAs("good"), clientAs("bad")]);
});
afterAll(async () => {
  app.server.closeAllConnections();
  await app.close();
});

const at = (time: string) => ({ seconds: Date.parse(`2026-01-01T${time}Z`) / 1_000 });
const request = (filter: string, more: Partial<Request> = {}): Request => ({
  name: "projects/p1",
  filter,
  interval: { startTime: at("00:00:00"), endTime: at("00:05:00") },
  view: "FULL",
  ...more,
});
const every = (
  seconds: number,
  perSeriesAligner: keyof typeof protos.google.monitoring.v3.Aggregation.Aligner,
  ...[crossSeriesReducer, ...groupByFields]: readonly string[]
) => ({
  aggregation: {
    alignmentPeriod: { seconds },
    perSeriesAligner,
    ...(crossSeriesReducer === undefined
      ? {}
      : { crossSeriesReducer: crossSeriesReducer as "REDUCE_SUM", groupByFields }),
  },
});

/** Points as `label label: time value, …`, oldest last as they come. */
async function list(asked: Request): Promise<readonly string[]> {
  const [found] = await client.listTimeSeries(asked);
  return found.map(({ metric, resource, points }) => {
    const labels = [resource?.labels?.revision_name, metric?.labels?.response_code_class].filter(Boolean).join(" ");
    const shown = (points ?? []).map(({ interval, value }) => {
      const end = new Date(Number(interval?.endTime?.seconds) * 1_000).toISOString().slice(11, 16);
      const { int64Value, doubleValue, distributionValue } = value ?? {};
      return `${end} ${int64Value ?? doubleValue ?? `(${distributionValue?.count})`}`;
    });
    return `${labels}: ${shown.join(", ")}`;
  });
}

function refusal(asked: Request, as = client): Promise<{ code: number; message: string }> {
  return as.listTimeSeries(asked).then(
    () => expect.fail("it was answered"),
    (error: { code: number; message: string }) => error,
  );
}

describe("what Google's client reads", () => {
  it("is each minute of each revision and class of status, newest first, of its project alone", async () => {
    expect(await list(request(COUNT))).toEqual([
      "api-1 2xx: 00:04 2, 00:01 4",
      "api-1 5xx: 00:01 2",
      "web-1 2xx: 00:01 1",
      "api-2 2xx: 00:04 6",
    ]);
  });

  it("has Google's names, kinds and types", async () => {
    const [[series]] = await client.listTimeSeries(request(`${COUNT} AND resource.labels.service_name="web"`));
    expect(series).toMatchObject({
      metric: { type: "run.googleapis.com/request_count", labels: { response_code_class: "2xx" } },
      resource: {
        type: "cloud_run_revision",
        labels: {
          project_id: "p1",
          location: "l",
          service_name: "web",
          revision_name: "web-1",
          configuration_name: "web",
        },
      },
      metricKind: "DELTA",
      valueType: "INT64",
    });
    const [point] = series?.points ?? [];
    expect(Number(point?.interval?.startTime?.seconds)).toBe(at("00:00:00").seconds);
    expect(Number(point?.interval?.endTime?.seconds)).toBe(at("00:01:00").seconds);
  });

  it("is a distribution of latencies, with as many requests as were counted", async () => {
    const [[series]] = await client.listTimeSeries(request(`${LATENCIES} AND resource.labels.revision_name="api-2"`));
    const { distributionValue } = series?.points?.[0]?.value ?? {};
    expect(series).toMatchObject({ metricKind: "DELTA", valueType: "DISTRIBUTION" });
    expect(Number(distributionValue?.count)).toBe(6);
    expect(distributionValue?.mean).toBe(90);
    const bounds = distributionValue?.bucketOptions?.explicitBuckets?.bounds ?? [];
    const buckets = (distributionValue?.bucketCounts ?? []).map(Number);
    expect(buckets).toHaveLength(bounds.length + 1);
    expect(buckets.findIndex((each) => each > 0)).toBe(bounds.indexOf(100));
  });

  it.each([
    ['resource.labels.revision_name="api-2"', ["api-2 2xx: 00:04 6"]],
    ['resource.label.service_name != "api"', ["web-1 2xx: 00:01 1"]],
    ['metric.labels.response_code_class = "5xx"', ["api-1 5xx: 00:01 2"]],
    ['resource.labels.revision_name = one_of("web-1", "api-2")', ["web-1 2xx: 00:01 1", "api-2 2xx: 00:04 6"]],
    ['resource.labels.service_name = starts_with("we")', ["web-1 2xx: 00:01 1"]],
    ['resource.labels.service_name = "none"', []],
    ['project = "p2"', []],
  ])("is filtered by %s", async (condition, expected) => {
    expect(await list(request(`${COUNT} AND ${condition}`))).toEqual(expected);
  });

  it("is of the interval: what ends after its start, and not after its end", async () => {
    const interval = { startTime: at("00:01:00"), endTime: at("00:04:00") };
    expect(await list(request(COUNT, { interval }))).toEqual(["api-1 2xx: 00:04 2", "api-2 2xx: 00:04 6"]);
    expect(await list(request(COUNT, { interval: { endTime: at("00:01:00") } }))).toContain("web-1 2xx: 00:01 1");
  });

  it.each([
    ["requests per second", COUNT, every(60, "ALIGN_RATE"), "00:04 0.1"],
    ["requests of a longer time", COUNT, every(300, "ALIGN_DELTA"), "00:05 6"],
    ["their sum", COUNT, every(300, "ALIGN_SUM"), "00:05 6"],
    ["the median of latencies", LATENCIES, every(60, "ALIGN_PERCENTILE_50"), "00:04 75"],
    ["the slowest of twenty", LATENCIES, every(60, "ALIGN_PERCENTILE_95"), "00:04 97.5"],
    ["the slowest of a hundred", LATENCIES, every(60, "ALIGN_PERCENTILE_99"), "00:04 99.5"],
  ])("is aligned to %s", async (_, metric, aggregation, expected) => {
    const only = `${metric} AND resource.labels.revision_name="api-2"`;
    expect(await list(request(only, aggregation))).toEqual([`api-2 2xx: ${expected}`]);
  });

  it("is summed by what it is grouped by, and keeps no other label", async () => {
    const grouped = every(300, "ALIGN_SUM", "REDUCE_SUM", "resource.labels.revision_name");
    expect(await list(request(COUNT, grouped))).toEqual(["api-1: 00:05 8", "web-1: 00:05 1", "api-2: 00:05 6"]);
    const [[whole, ...others]] = await client.listTimeSeries(request(COUNT, every(300, "ALIGN_RATE", "REDUCE_SUM")));
    expect(others).toEqual([]);
    expect(whole).toMatchObject({
      resource: { labels: { project_id: "p1" } },
      metricKind: "GAUGE",
      valueType: "DOUBLE",
    });
    expect(whole?.points?.[0]?.value?.doubleValue).toBeCloseTo(15 / 300);
  });

  it("has percentiles of all series of a group together, not a sum of theirs", async () => {
    const grouped = every(300, "ALIGN_DELTA", "REDUCE_PERCENTILE_99", "resource.labels.service_name");
    const [api] = await list(request(`${LATENCIES} AND resource.labels.service_name="api"`, grouped));
    expect(api).toMatch(/^: 00:05 4\d\d(\.\d+)?$/);
  });

  it("comes in pages of points, each once", async () => {
    const counts: number[] = [];
    let pageToken = "";
    do {
      const asked = request(COUNT, { pageSize: 2, pageToken });
      const [found, , answer] = await client.listTimeSeries(asked, { autoPaginate: false });
      counts.push(found.flatMap(({ points }) => points ?? []).length);
      pageToken = answer?.nextPageToken ?? "";
    } while (pageToken !== "");
    expect(counts).toEqual([2, 2, 1]);
  });

  it("may be the names of the series alone", async () => {
    expect(await list(request(COUNT, { view: "HEADERS" }))).toEqual([
      "api-1 2xx: ",
      "api-1 5xx: ",
      "web-1 2xx: ",
      "api-2 2xx: ",
    ]);
  });
});

describe("what is refused", () => {
  it.each([
    ["no metric", request('resource.type="cloud_run_revision"'), CODE.invalidArgument, "metric.type"],
    ["an empty filter", request(""), CODE.invalidArgument, "filter"],
    ["half a filter", request(`${COUNT} AND resource.labels`), CODE.invalidArgument, "resource.labels"],
    [
      "a field of no series",
      request(`${COUNT} AND resource.labels.zone="a"`),
      CODE.invalidArgument,
      "resource.labels.zone",
    ],
    [
      "a metric that is not there",
      request('metric.type="run.googleapis.com/container/cpu"'),
      CODE.notFound,
      "container/cpu",
    ],
    ["an alternative", request(`${COUNT} OR project="p1"`), CODE.unimplemented, "OR"],
    [
      "a function",
      request(`${COUNT} AND project=monitoring.regex.full_match("p.")`),
      CODE.unimplemented,
      "monitoring.regex.full_match",
    ],
    ["single codes", request(`${COUNT} AND metric.labels.response_code="503"`), CODE.unimplemented, "response_code"],
    ["no end", request(COUNT, { interval: {} }), CODE.invalidArgument, "end_time"],
    [
      "an interval the wrong way",
      request(COUNT, { interval: { startTime: at("00:02:00"), endTime: at("00:01:00") } }),
      CODE.invalidArgument,
      "start_time",
    ],
    ["a short period", request(COUNT, every(30, "ALIGN_RATE")), CODE.invalidArgument, "alignment_period"],
    [
      "an aligner of other values",
      request(COUNT, every(60, "ALIGN_PERCENTILE_99")),
      CODE.invalidArgument,
      "ALIGN_PERCENTILE_99",
    ],
    ["an aligner that is not here", request(COUNT, every(60, "ALIGN_STDDEV")), CODE.unimplemented, "ALIGN_STDDEV"],
    [
      "a reducer that is not here",
      request(COUNT, every(60, "ALIGN_SUM", "REDUCE_STDDEV")),
      CODE.unimplemented,
      "REDUCE_STDDEV",
    ],
    [
      "a reduction of what is not aligned",
      request(COUNT, { aggregation: { crossSeriesReducer: "REDUCE_SUM" } }),
      CODE.invalidArgument,
      "aligned",
    ],
    [
      "a group by nothing known",
      request(COUNT, every(60, "ALIGN_SUM", "REDUCE_SUM", "metric.labels.x")),
      CODE.invalidArgument,
      "metric.labels.x",
    ],
    ["an order", request(COUNT, { orderBy: "x" }), CODE.invalidArgument, "order_by"],
    ["a page of another", request(COUNT, { pageToken: "x" }), CODE.invalidArgument, "page_token"],
    [
      "a second aggregation",
      request(COUNT, { secondaryAggregation: { perSeriesAligner: "ALIGN_SUM" } }),
      CODE.unimplemented,
      "secondaryAggregation",
    ],
    [
      "another project",
      { ...request(COUNT), name: "projects/p2" },
      CODE.permissionDenied,
      "monitoring.timeSeries.list",
    ],
  ])("is %s, and says so", async (_, asked, code, named) => {
    expect(await refusal(asked)).toMatchObject({ code, message: expect.stringContaining(named) });
  });

  it("is everybody whom the server does not know", async () => {
    expect(await refusal(request(COUNT), nobody)).toMatchObject({ code: CODE.unauthenticated });
  });

  it("is every other method, by its name", async () => {
    const error = await client.listMetricDescriptors({ name: "projects/p1" }).then(
      () => expect.fail("it was answered"),
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ code: CODE.unimplemented, message: expect.stringContaining("metricDescriptors") });
  });
});

describe("recorded requests of Google's client", () => {
  const file = new URL("../fixtures/monitoring/node-client-requests.json", import.meta.url);
  const [read, write] = JSON.parse(readFileSync(file, "utf8")) as readonly {
    readonly method: string;
    readonly path: string;
    readonly query: string;
    readonly body: unknown;
  }[];
  const send = async (recorded: typeof read) => {
    const response = await fetch(`${url}${recorded?.path}${recorded?.query}`, {
      method: recorded?.method ?? "",
      headers: { authorization: "Bearer good", "content-type": "application/json" },
      ...(recorded?.body ? { body: JSON.stringify(recorded.body) } : {}),
    });
    return { status: response.status, body: (await response.json()) as { timeSeries?: unknown; error?: unknown } };
  };

  it("are answered in the shape that it read", async () => {
    const { status, body } = await send(read);
    expect(status).toBe(200);
    expect(body.timeSeries).toContainEqual({
      metric: { type: "run.googleapis.com/request_count", labels: { response_code_class: "5xx" } },
      resource: { type: "cloud_run_revision", labels: { project_id: "p1", revision_name: "api-1" } },
      metricKind: "GAUGE",
      valueType: "DOUBLE",
      points: [
        {
          interval: { startTime: "2026-01-01T00:01:00.000Z", endTime: "2026-01-01T00:01:00.000Z" },
          value: { doubleValue: 2 / 60 },
        },
      ],
    });
  });

  it("write nothing, and hear so", async () => {
    const { status, body } = await send(write);
    expect(status).toBe(501);
    expect(body.error).toMatchObject({ status: "UNIMPLEMENTED", message: expect.stringContaining("POST timeSeries") });
  });
});
