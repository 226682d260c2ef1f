/** What Google's own Node client sends to Cloud Run, recorded and live: the embedded one takes all of it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ExecutionsClient, JobsClient, RevisionsClient, ServicesClient } from "@google-cloud/run";
import { describe, expect, it } from "vitest";
import { startCloud, untilDone } from "./run-world.ts";

const FIXTURES = join(import.meta.dirname, "..", "fixtures", "run");
const RECORDING = join(FIXTURES, "node-client-requests.json");
const SDK = "/usr/lib/google-cloud-sdk";
const PARENT = "projects/p1/locations/us-central1";

interface Recorded {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly query?: string;
  readonly body?: { readonly etag?: string };
  readonly status: number;
  /** The name of the operation that the recorded answer began. */
  readonly operation?: string;
}

/** Sends what a client has sent, in order, with the names that this cloud gives; each is answered as it was. */
async function replay(cloud: Awaited<ReturnType<typeof startCloud>>, file: string) {
  const requests = JSON.parse(await readFile(file, "utf8")) as readonly Recorded[];
  const operations = new Map<string, string>();
  const bodies: Record<string, unknown>[] = [];
  for (const { method, path, query = "", body, status, operation } of requests) {
    const own = operations.get(path.replace("/v2/", "")) ?? path.replace("/v2/", "");
    // The client sends the etag that it read; a stale one stays stale.
    const isGuarded = body?.etag !== undefined && !body.etag.includes("stale");
    const etag = isGuarded ? { etag: bodies.at(-1)?.etag } : {};
    // A revision that the client has read the name of; each cloud names them by itself.
    const made = String(bodies.at(-1)?.latestReadyRevision ?? "")
      .split("/")
      .at(-1);
    const text = JSON.stringify({ ...body, ...etag }).replace('"api-00001"', JSON.stringify(made));
    const payload = body === undefined ? {} : { body: text };
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${cloud.url}/v2/${own}${query}`, { method, headers, ...payload });
    const answer = (await response.json()) as Record<string, unknown>;
    bodies.push(answer);
    expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} ${status}`);
    if (operation !== undefined) {
      operations.set(operation, String(answer.name));
      await untilDone(`${cloud.url}/v2/${String(answer.name)}`);
    }
  }
  return bodies;
}

describe("Cloud Run v2, asked by Google's Node client", () => {
  it("takes every recorded request, and answers it as recorded", async () => {
    await using cloud = await startCloud();
    const bodies = await replay(cloud, RECORDING);
    expect(bodies[4]).toMatchObject({
      labels: { app: "api" },
      ingress: "INGRESS_TRAFFIC_ALL",
      template: { executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2", vpcAccess: { egress: "PRIVATE_RANGES_ONLY" } },
      trafficStatuses: [{ revision: "api-00001-abc", percent: 100 }],
    });
    expect(bodies[9]).toMatchObject({ services: [{ labels: { app: "api" } }] }); // outside of the mask: still there
    expect(bodies[10]?.revisions).toHaveLength(2);
    expect(cloud.started.find(({ env }) => env.CLOUD_RUN_JOB === "migrate")?.argv).toEqual(["run", "up"]);
  });

  it("takes every request of the generated client that gcloud holds", async () => {
    await using cloud = await startCloud();
    const [, , polled, read, shifted] = await replay(cloud, join(FIXTURES, "apitools-requests.json"));
    expect(polled).toMatchObject({
      done: true,
      response: { "@type": "type.googleapis.com/google.cloud.run.v2.Service" },
    });
    expect(read).toMatchObject({ name: `${PARENT}/services/api`, terminalCondition: { state: "CONDITION_SUCCEEDED" } });
    expect(shifted).toMatchObject({ metadata: { name: `${PARENT}/services/api` } });
  });

  it("ends the client's own operations, with resources that it can read", async () => {
    await using cloud = await startCloud();
    const services = new ServicesClient(cloud.options);
    const template = { revision: "api-1", containers: [{ image: "r/api@sha256:00" }] };
    const [creating] = await services.createService({ parent: PARENT, serviceId: "api", service: { template } });
    const [service] = await creating.promise();
    expect(service.name).toBe(`${PARENT}/services/api`);
    expect([service.generation, service.observedGeneration].map(String)).toEqual(["1", "1"]);
    const [read] = await services.getService({ name: `${PARENT}/services/api` });
    expect(read).toMatchObject({
      latestReadyRevision: `${PARENT}/services/api/revisions/api-1`,
      reconciling: false,
      terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED" },
      trafficStatuses: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", revision: "api-1", percent: 100 }],
    });
    expect(await (await fetch(read.uri ?? "")).text()).toBe("api-1");
    const [revisions] = await new RevisionsClient(cloud.options).listRevisions({ parent: `${PARENT}/services/api` });
    expect(revisions).toHaveLength(1);
    const [deleting] = await services.deleteService({ name: `${PARENT}/services/api` });
    await deleting.promise();
    await expect(services.getService({ name: `${PARENT}/services/api` })).rejects.toMatchObject({ code: 5 });
  });

  it("runs jobs for the client, and tells it of failures", async () => {
    await using cloud = await startCloud();
    const jobs = new JobsClient(cloud.options);
    const job = { template: { template: { containers: [{ image: "r/j", args: ["migrate"] }], maxRetries: 0 } } };
    const [creating] = await jobs.createJob({ parent: PARENT, jobId: "migrate", job });
    await creating.promise();
    const name = `${PARENT}/jobs/migrate`;
    const [running] = await jobs.runJob({ name, overrides: { containerOverrides: [{ args: ["up"] }] } });
    const [execution] = await running.promise();
    expect(execution).toMatchObject({ succeededCount: 1, failedCount: 0, job: "migrate" });
    const [failing] = await jobs.runJob({ name, overrides: { containerOverrides: [{ args: ["fail"] }] } });
    await expect(failing.promise()).rejects.toThrow("exit code 3");
    const [executions] = await new ExecutionsClient(cloud.options).listExecutions({ parent: name });
    expect(executions.map(({ conditions }) => conditions?.[0]?.state).toSorted()).toEqual([
      "CONDITION_FAILED",
      "CONDITION_SUCCEEDED",
    ]);
    const [read] = await jobs.getJob({ name });
    expect(read).toMatchObject({ executionCount: 2, latestCreatedExecution: { completionStatus: expect.any(String) } });
  });
});

// Messages that nobody here wrote. A skip is no pass: the report names it.
describe.skipIf(!existsSync(`${SDK}/lib/googlecloudsdk`))(
  "Cloud Run v2, read by the Google Cloud SDK's messages",
  () => {
    it("has no field that Google's API does not have", async () => {
      await using cloud = await startCloud();
      const read: { kind: string; json: unknown }[] = [];
      const look = async (kind: string, path: string) => {
        const response = await fetch(`${cloud.url}/v2/${path}`);
        expect(response.status, path).toBe(200);
        read.push({ kind, json: await response.json() });
      };
      const send = async (method: string, path: string, body: object) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(`${cloud.url}/v2/${PARENT}/${path}`, {
          method,
          headers,
          body: JSON.stringify(body),
        });
        const { name = "" } = (await response.json()) as { name?: string };
        await untilDone(`${cloud.url}/v2/${name}`);
        await look("GoogleLongrunningOperation", name);
      };
      const requests = JSON.parse(await readFile(RECORDING, "utf8")) as readonly Recorded[];
      const [create, job] = requests.filter(({ query }) => query?.includes("Id="));
      await send("POST", "services?serviceId=api", create?.body ?? {});
      const split = [
        { type: 2, revision: "api-00001-abc", percent: 100 },
        { type: 1, tag: "rc" },
      ];
      await send("PATCH", "services/api?updateMask=traffic", { traffic: split });
      await look("GoogleCloudRunV2Service", `${PARENT}/services/api`);
      const broken = { containers: [{ image: "broken" }] };
      await send("PATCH", "services/api?updateMask=template", { template: broken });
      await look("GoogleCloudRunV2Service", `${PARENT}/services/api`);
      await look("GoogleCloudRunV2ListServicesResponse", `${PARENT}/services`);
      await look("GoogleCloudRunV2ListRevisionsResponse", `${PARENT}/services/api/revisions`);
      await send("POST", "jobs?jobId=migrate", job?.body ?? {});
      await send("POST", "jobs/migrate:run", {});
      await send("POST", "jobs/migrate:run", { overrides: { containerOverrides: [{ args: ["fail"] }] } });
      await look("GoogleCloudRunV2Job", `${PARENT}/jobs/migrate`);
      await look("GoogleCloudRunV2ListExecutionsResponse", `${PARENT}/jobs/migrate/executions`);
      await look("GoogleLongrunningListOperationsResponse", `${PARENT}/operations`);
      expect(readBySdk([{ kind: "GoogleCloudRunV2Service", json: { template: { nothing: 1 } } }])).toBe(
        "GoogleCloudRunV2Service.template.nothing\n",
      );
      expect(readBySdk(read)).toBe("");
    });
  },
);

function readBySdk(read: readonly { readonly kind: string; readonly json: unknown }[]): string {
  const script = join(import.meta.dirname, "unrecognized-fields.py");
  const input = read.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  const { status, stdout, stderr } = spawnSync("python3", [script, SDK], { input, encoding: "utf8", timeout: 20_000 });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}
