import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createProjectAuthority } from "../../ports/authority.fake.ts";
import type { Clock } from "../../ports/clock.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import type { Documents } from "../../ports/documents.ts";
import type { Caller } from "../../ports/identities.ts";
import { createFakeSupervisors } from "../../ports/processes.fake.ts";
import type { StoredRevision } from "./resources.ts";
import { createRunCloud, type RunCloud } from "./run-cloud.ts";
import { registerRunV2 } from "./run-v2.ts";

const clock: Clock = {
  now: () => instant(Date.now()),
  monotonicMs: () => performance.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
      if (signal?.aborted) resolve();
    }),
};
const ids = { uuid: () => randomUUID(), randomHex: (bytes: number) => randomBytes(bytes).toString("hex") };
const deployer: Caller = { kind: "identity", email: "deploy@p1", environment: "staging", project: "p1" };
const BASE = "/v2/projects/p1/locations/l1";
const container = { image: "r/api@sha256:1", env: [{ name: "A", value: "1" }] };

let app: FastifyInstance;
let run: RunCloud;
let directory: string;
let documents: Documents;
/** Environments of the tasks that were started. */
let tasks: Readonly<Record<string, string>>[];
let caller: Caller | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mobius-run-v2-"));
  tasks = [];
  documents = createMemoryDocuments();
  run = makeCloud();
  caller = deployer;
  app = fastify();
  registerRunV2(app, { run, callerOf: () => caller, authority: createProjectAuthority() });
});

function makeCloud(): RunCloud {
  const supervisors = createFakeSupervisors(async ({ env }, signal) => {
    if (env.CLOUD_RUN_JOB !== undefined) tasks.push(env);
    if (env.A === "task") return { kind: "exited", code: 0 };
    if (env.A === "ends") return { kind: "exited", code: 3 };
    if (env.A === "waits") {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { kind: "signalled", signal: "SIGTERM" };
    }
    const server = createServer((_, response) => response.end(env.K_REVISION));
    server.listen(Number(env.PORT), "127.0.0.1");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    server.close().closeAllConnections();
    return { kind: "exited", code: 0 };
  });
  return createRunCloud({
    documents,
    openSupervisor: () => supervisors.open({ name: "instances", directory }),
    unpackImage: async () => ({ directory, command: ["run"], env: {}, workingDirectory: directory }),
    accessSecret: async () => "unknown",
    clock,
    ids,
    directory,
    path: "/usr/bin:/bin",
  });
}

afterEach(async () => {
  await run.close();
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

type Method = "GET" | "POST" | "PATCH" | "DELETE";

async function call(method: Method, path: string, body?: unknown) {
  const payload = body === undefined ? {} : { payload: body as object };
  const response = await app.inject({ method, url: `${BASE}${path}`, ...payload });
  return { status: response.statusCode, body: response.json() };
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error("not in time");
    await clock.sleep(5);
  }
}

/** Makes a change and waits for its operation. */
async function changed(method: Method, path: string, body: unknown) {
  const begun = await call(method, path, body);
  expect(begun.status, JSON.stringify(begun.body)).toBe(200);
  const id = String(begun.body.name).split("/").at(-1);
  return (await call("POST", `/operations/${id}:wait`, { timeout: "10s" })).body;
}

const made = () =>
  changed("POST", "/services?serviceId=api", { template: { revision: "api-1", containers: [container] } });

describe("Cloud Run v2", () => {
  it("makes a service by an operation, and shows it as Google does", async () => {
    const operation = await made();
    const service = `projects/p1/locations/l1/services/api`;
    expect(operation).toMatchObject({
      name: expect.stringMatching(/^projects\/p1\/locations\/l1\/operations\//),
      done: true,
      metadata: { "@type": "type.googleapis.com/google.cloud.run.v2.Service", name: service },
      response: { "@type": "type.googleapis.com/google.cloud.run.v2.Service", name: service },
    });
    expect((await call("GET", "/services/api")).body).toMatchObject({
      name: service,
      generation: "1",
      observedGeneration: "1",
      creator: "deploy@p1",
      terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED" },
      latestReadyRevision: `${service}/revisions/api-1`,
      latestCreatedRevision: `${service}/revisions/api-1`,
      traffic: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }],
      trafficStatuses: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100, revision: "api-1" }],
      uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    expect((await call("GET", "/services")).body.services).toHaveLength(1);
    expect((await call("GET", "/services/api/revisions/api-1")).body).toMatchObject({
      service: "api",
      containers: [container],
      conditions: [{ type: "Ready", state: "CONDITION_SUCCEEDED" }, {}],
    });
    expect((await call("GET", "/services/api/revisions")).body.revisions).toHaveLength(1);
  });

  it("leaves empty lists out", async () => {
    for (const kind of ["services", "jobs"]) expect((await call("GET", `/${kind}`)).body).toEqual({});
  });

  it("keeps a failed change from traffic, and ends its operation with an error", async () => {
    await made();
    const bad = { ...container, env: [{ name: "A", value: "ends" }] };
    const failed = await changed("PATCH", "/services/api?updateMask=template", {
      template: { revision: "api-2", containers: [bad] },
    });
    expect(failed).toMatchObject({ done: true, error: { code: 9, message: expect.stringMatching(/exit code 3/) } });
    const { body } = await call("GET", "/services/api");
    expect(body.terminalCondition).toMatchObject({
      state: "CONDITION_FAILED",
      revisionReason: "HEALTH_CHECK_CONTAINER_ERROR",
    });
    expect(body.trafficStatuses).toMatchObject([{ revision: "api-1", percent: 100 }]);
    expect(body.latestReadyRevision).toMatch(/api-1$/);
    expect(body.latestCreatedRevision).toMatch(/api-2$/);
  });

  it("changes only what the mask names, and no revision for traffic alone", async () => {
    await made();
    await changed("PATCH", "/services/api?updateMask=labels", {
      labels: { a: "b" },
      annotations: { ignored: "yes" },
      template: { containers: [{ ...container, image: "r/api@sha256:2" }] },
    });
    const traffic = [{ type: 2, revision: "api-1", percent: 100, tag: "old" }];
    await changed("PATCH", "/services/api?updateMask=traffic", { traffic, uid: "ignored", generation: "77" });
    const { body } = await call("GET", "/services/api");
    expect(body).toMatchObject({
      labels: { a: "b" },
      annotations: {},
      template: { containers: [{ image: "r/api@sha256:1" }] },
    });
    expect(body.trafficStatuses).toEqual([
      {
        type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
        revision: "api-1",
        percent: 100,
        tag: "old",
        uri: expect.stringMatching(/^http/),
      },
    ]);
    expect((await call("GET", "/services/api/revisions")).body.revisions).toHaveLength(1);
    await changed("PATCH", "/services/api?updateMask=traffic", {});
    expect((await call("GET", "/services/api")).body.traffic).toEqual([
      { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 },
    ]);
  });

  it("lays a mask over a template at any depth, which makes a revision", async () => {
    await changed("POST", "/services?serviceId=api", { template: { containers: [container], timeout: "9s" } });
    const scaling = { minInstanceCount: 1, maxInstanceCount: 4 };
    await changed("PATCH", "/services/api?updateMask=template.scaling.max_instance_count", { template: { scaling } });
    const { body } = await call("GET", "/services/api");
    expect(body.template).toEqual({ containers: [container], timeout: "9s", scaling: { maxInstanceCount: 4 } });
    expect(body.latestReadyRevision).toMatch(/api-00002-/);
    expect((await call("GET", "/services/api/revisions")).body.revisions).toHaveLength(2);
  });

  it("only checks where it is asked to", async () => {
    const body = { template: { containers: [container] } };
    const checked = await call("POST", "/services?serviceId=api&validateOnly=true", body);
    expect(checked.body).toMatchObject({ done: true, response: { generation: "1" } });
    expect((await call("GET", "/services/api")).status).toBe(404);
    await changed("PATCH", "/services/api?allowMissing=true", body);
    expect((await call("GET", "/services/api")).body.latestReadyRevision).toMatch(/api-00001-[0-9a-f]{3}$/);
  });

  it.each([
    ["a split that is not 100", { traffic: [{ type: 2, revision: "api-1", percent: 50 }] }, 400, "INVALID_ARGUMENT"],
    [
      "traffic to an unknown revision",
      { traffic: [{ type: 2, revision: "api-9", percent: 100 }] },
      400,
      "INVALID_ARGUMENT",
    ],
    ["no container", { template: {} }, 400, "INVALID_ARGUMENT"],
    [
      "a reserved variable",
      { template: { containers: [{ ...container, env: [{ name: "PORT" }] }] } },
      400,
      "INVALID_ARGUMENT",
    ],
    [
      "a revision of another name",
      { template: { revision: "web-1", containers: [container] } },
      400,
      "INVALID_ARGUMENT",
    ],
    ["a name in use", { template: { revision: "api-1", containers: [{ image: "other" }] } }, 409, "ALREADY_EXISTS"],
    ["an old etag", { etag: '"old"', template: { containers: [container] } }, 409, "ABORTED"],
  ])("refuses %s, and changes nothing", async (_, body, code, status) => {
    await made();
    const before = (await call("GET", "/services/api")).body;
    const mask = Object.keys(body).filter((name) => name !== "etag");
    const refused = await call("PATCH", `/services/api?updateMask=${mask}`, body);
    expect(refused).toMatchObject({ status: code, body: { error: { code, status, message: expect.any(String) } } });
    expect((await call("GET", "/services/api")).body).toEqual(before);
  });

  it("refuses a second service of one name, and removes the first with its revisions", async () => {
    await made();
    expect(await call("POST", "/services?serviceId=api", { template: { containers: [container] } })).toMatchObject({
      status: 409,
      body: { error: { status: "ALREADY_EXISTS" } },
    });
    const { uri } = (await call("GET", "/services/api")).body;
    expect(await (await fetch(uri)).text()).toBe("api-1");
    expect(await call("DELETE", "/services/api")).toMatchObject({ status: 200, body: { done: true } });
    expect((await call("GET", "/services/api/revisions")).body).toEqual({});
    expect((await fetch(uri)).status).toBe(503);
    expect((await call("DELETE", "/services/api")).body.error.status).toBe("NOT_FOUND");
  });

  it("lets the oldest idle revision go for the thousandth and first, and none that serves", async () => {
    await made();
    const written = (await documents.get<StoredRevision>("run-revisions", "p1/l1/api/api-1"))?.value;
    for (let number = 2; number <= 1_000; number += 1) {
      const revision = `api-${number}`;
      const condition = { state: "CONDITION_SUCCEEDED", at: "" };
      const document = { ...written, revision, generation: number, condition };
      await documents.put("run-revisions", `p1/l1/api/${revision}`, document, 0);
    }
    await changed("PATCH", "/services/api?updateMask=template,traffic", {
      template: { revision: "api-new", containers: [{ ...container, image: "r/api@sha256:2" }] },
      traffic: [{ type: 2, revision: "api-1", percent: 100 }],
    });
    const there = async (revision: string) => (await call("GET", `/services/api/revisions/${revision}`)).status;
    expect(await Promise.all(["api-1", "api-2", "api-3", "api-new"].map(there))).toEqual([200, 404, 200, 200]);
  });

  it("lists operations, forgets ended ones, and not one that is under way", async () => {
    const { name } = await made();
    const id = String(name).split("/").at(-1);
    expect((await call("GET", "/operations")).body.operations).toMatchObject([{ name, done: true }]);
    const waiting = { ...container, env: [{ name: "A", value: "waits" }] };
    const patch = { template: { revision: "api-2", containers: [waiting] } };
    const open = (await call("PATCH", "/services/api?updateMask=template", patch)).body;
    const openId = String(open.name).split("/").at(-1);
    expect((await call("DELETE", `/operations/${openId}`)).body.error.status).toBe("FAILED_PRECONDITION");
    expect(await call("DELETE", `/operations/${id}`)).toEqual({ status: 200, body: {} });
    expect((await call("GET", `/operations/${id}`)).status).toBe(404);
    expect((await call("GET", "/operations")).body.operations).toHaveLength(1);
  });

  it.each([
    ["GET", "/workerPools", "GET workerPools"],
    ["POST", "/services/api:explode", "POST services/api:explode"],
    ["GET", "/jobs/j/executions/e/tasks", "google.cloud.run.v2.Tasks.ListTasks"],
  ] as const)("says of %s %s that it is not there", async (method, path, named) => {
    expect(await call(method, path)).toMatchObject({
      status: 501,
      body: { error: { code: 501, status: "UNIMPLEMENTED", message: expect.stringContaining(named) } },
    });
  });

  it("declares jobs", async () => {
    const template = { template: { containers: [container], maxRetries: 0 }, taskCount: 1 };
    await changed("POST", "/jobs?jobId=nightly", { template });
    const { body } = await call("GET", "/jobs/nightly");
    expect(body).toMatchObject({ name: "projects/p1/locations/l1/jobs/nightly", generation: "1", template });
    await changed("PATCH", "/jobs/nightly?updateMask=labels", { labels: { a: "b" }, etag: body.etag });
    expect((await call("GET", "/jobs/nightly")).body).toMatchObject({ generation: "2", labels: { a: "b" }, template });
    expect((await call("PATCH", "/jobs/nightly", { template, etag: body.etag })).body.error.status).toBe("ABORTED");
    await changed("PATCH", "/jobs/nightly?updateMask=template.task_count", { template: { taskCount: 2 } });
    expect((await call("GET", "/jobs/nightly")).body.template).toEqual({ ...template, taskCount: 2 });
    expect((await call("PATCH", "/jobs/nightly?updateMask=uid", { uid: "x" })).body.error.status).toBe(
      "INVALID_ARGUMENT",
    );
    expect((await call("GET", "/jobs")).body.jobs).toHaveLength(1);
    expect(await call("DELETE", `/jobs/nightly?etag=${encodeURIComponent(body.etag)}`)).toMatchObject({ status: 409 });
    expect(await call("DELETE", "/jobs/nightly")).toMatchObject({ status: 200, body: { done: true } });
    expect((await call("GET", "/jobs/nightly")).status).toBe(404);
  });

  const job = (env: object[], more = {}) => ({
    template: { template: { containers: [{ image: "r/j", env }] }, ...more },
  });
  const idOf = ({ name }: { name: string }) => name.split("/").at(-1);

  it("runs a job: an operation that ends with its execution", async () => {
    await changed("POST", "/jobs?jobId=nightly", job([{ name: "A", value: "task" }], { taskCount: 3 }));
    const overrides = { containerOverrides: [{ env: [{ name: "B", value: "2" }] }] };
    const operation = await changed("POST", "/jobs/nightly:run", { overrides });
    expect(operation).toMatchObject({
      done: true,
      response: {
        "@type": "type.googleapis.com/google.cloud.run.v2.Execution",
        name: expect.stringMatching(/^projects\/p1\/locations\/l1\/jobs\/nightly\/executions\/nightly-[0-9a-f]{5}$/),
        taskCount: 3,
        succeededCount: 3,
        failedCount: 0,
        conditions: [{ type: "Completed", state: "CONDITION_SUCCEEDED" }],
      },
    });
    const { response } = operation;
    expect(tasks.map((env) => env.CLOUD_RUN_TASK_INDEX).toSorted()).toEqual(["0", "1", "2"]);
    expect(tasks[0]).toMatchObject({
      A: "task",
      B: "2",
      CLOUD_RUN_JOB: "nightly",
      CLOUD_RUN_EXECUTION: idOf(response),
      CLOUD_RUN_TASK_COUNT: "3",
      CLOUD_RUN_TASK_ATTEMPT: "0",
    });
    expect((await call("GET", `/jobs/nightly/executions/${idOf(response)}`)).body).toMatchObject({ succeededCount: 3 });
    expect((await call("GET", "/jobs/nightly/executions")).body.executions).toHaveLength(1);
    expect((await call("GET", "/jobs/nightly")).body).toMatchObject({
      executionCount: 1,
      latestCreatedExecution: { name: idOf(response), completionStatus: "EXECUTION_SUCCEEDED" },
    });
  });

  it("repeats a failing task as often as it may, and says how it ended", async () => {
    const template = { containers: [{ image: "r/j", env: [{ name: "A", value: "ends" }] }], maxRetries: 1 };
    await changed("POST", "/jobs?jobId=nightly", { template: { template } });
    const failed = await changed("POST", "/jobs/nightly:run", {});
    expect(failed).toMatchObject({ done: true, error: { code: 9, message: expect.stringContaining("exit code 3") } });
    expect(failed.metadata).toMatchObject({
      failedCount: 1,
      retriedCount: 1,
      conditions: [{ state: "CONDITION_FAILED", executionReason: "NON_ZERO_EXIT_CODE" }],
    });
  });

  it("ends a task at its timeout, and a whole execution when it is cancelled", async () => {
    const waiting = { containers: [{ image: "r/j", env: [{ name: "A", value: "waits" }] }], maxRetries: 0 };
    await changed("POST", "/jobs?jobId=nightly", { template: { template: waiting } });
    const late = await changed("POST", "/jobs/nightly:run", { overrides: { timeout: "1s" } });
    expect(late.error.message).toContain("reached its timeout of 1 s");
    const begun = (await call("POST", "/jobs/nightly:run", {})).body;
    const execution = idOf(begun.metadata);
    const cancelled = await changed("POST", `/jobs/nightly/executions/${execution}:cancel`, {});
    expect(cancelled.response).toMatchObject({
      cancelledCount: 1,
      conditions: [{ state: "CONDITION_FAILED", executionReason: "CANCELLED" }],
    });
    expect((await call("GET", `/operations/${idOf(begun)}`)).body).toMatchObject({ done: true, error: { code: 9 } });
  });

  it("does not repeat an execution that a restart cut off, and says so", async () => {
    await changed("POST", "/jobs?jobId=nightly", job([{ name: "A", value: "waits" }]));
    const begun = (await call("POST", "/jobs/nightly:run", {})).body;
    await until(() => tasks.length === 1);
    await run.close();
    run = makeCloud();
    app = fastify();
    registerRunV2(app, { run, callerOf: () => caller, authority: createProjectAuthority() });
    await run.start();
    expect((await call("GET", `/operations/${idOf(begun)}`)).body).toMatchObject({
      done: true,
      error: { message: expect.stringContaining("The server ended while the execution ran") },
    });
    expect((await call("GET", `/jobs/nightly/executions/${idOf(begun.metadata)}`)).body.conditions).toMatchObject([
      { state: "CONDITION_FAILED", reason: "INTERNAL" },
    ]);
    expect(tasks).toHaveLength(1);
  });

  it.each([
    ["tasks beyond the limit", { taskCount: 1000 }, "taskCount"],
    ["a timeout that is no duration", { timeout: "soon" }, "timeout"],
  ])("refuses to run %s", async (_, overrides, named) => {
    await changed("POST", "/jobs?jobId=nightly", job([]));
    expect((await call("POST", "/jobs/nightly:run", { overrides })).body.error).toMatchObject({
      status: "INVALID_ARGUMENT",
      message: expect.stringContaining(named),
    });
    expect((await call("POST", "/jobs/none:run", {})).body.error.status).toBe("NOT_FOUND");
  });

  it.each(["/services/none", "/services/none/revisions/none-1", "/jobs/none", "/operations/none"])(
    "has nothing at %s",
    async (path) => {
      expect(await call("GET", path)).toMatchObject({ status: 404, body: { error: { status: "NOT_FOUND" } } });
    },
  );

  it("lets in the project's own identities and people, and nobody else", async () => {
    caller = undefined;
    expect(await call("GET", "/services")).toMatchObject({
      status: 401,
      body: { error: { status: "UNAUTHENTICATED" } },
    });
    caller = { ...deployer, project: "p2" };
    for (const method of ["GET", "PATCH", "DELETE"] as const) {
      const refused = await call(method, "/services/api");
      expect(refused).toMatchObject({ status: 403, body: { error: { status: "PERMISSION_DENIED" } } });
    }
    caller = { kind: "person", name: "root" };
    expect((await call("GET", "/services")).status).toBe(200);
  });
});
