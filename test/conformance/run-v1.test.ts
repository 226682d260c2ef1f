/** What gcloud sends to the older form of Cloud Run, recorded and by hand: the embedded one takes all of it. */
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { startCloud } from "./run-world.ts";

const RECORDING = join(import.meta.dirname, "..", "fixtures", "run", "gcloud-requests.json");
const SERVICES = "/apis/serving.knative.dev/v1/namespaces/p1/services";
const JOBS = "/apis/run.googleapis.com/v1/namespaces/p1/jobs";
const HOST = "us-central1-run.local";
const V2 = "/v2/projects/p1/locations/us-central1/services/api";

// biome-ignore lint/suspicious/noExplicitAny: JSON of an API, looked into at many places
type Json = Record<string, any>;

interface Recorded {
  readonly recording: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly body?: Json;
}

/** A request with gcloud's host, which has the region in it. */
async function send(at: string | { url: string; host: string }, method: string, path: string, body?: unknown) {
  const { url, host } = typeof at === "string" ? { url: at, host: HOST } : at;
  return await new Promise<{ status: number; body: Json }>((resolve, reject) => {
    const headers = { host, "content-type": "application/json" };
    const sent = request(`${url}${path}`, { method, headers }, async (response) => {
      let text = "";
      for await (const piece of response) text += String(piece);
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Json });
    });
    sent.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The resource once gcloud would stop to wait. */
async function settled(url: string, path: string, type = "Ready"): Promise<Json> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { body } = await send(url, "GET", path);
    const { conditions = [], observedGeneration } = body.status ?? {};
    const ready = conditions.find((each: Json) => each.type === type);
    if (observedGeneration === body.metadata?.generation && ready?.status !== "Unknown") return body;
    if (Date.now() > deadline) throw new Error(`${path} is not ready: ${JSON.stringify(body.status)}`);
    await systemClock.sleep(10);
  }
}

const service = (spec: Json = {}, container: Json = {}): Json => ({
  apiVersion: "serving.knative.dev/v1",
  kind: "Service",
  metadata: { name: "api", namespace: "p1" },
  spec: { template: { spec: { containers: [{ image: "r/api", ...container }] } }, ...spec },
});

describe("Cloud Run v1, asked by gcloud", () => {
  it.each(["gcloud-run-and-submit", "gcloud-run-traffic"])("takes the requests of %s", async (name) => {
    await using cloud = await startCloud();
    const all = JSON.parse(await readFile(RECORDING, "utf8")) as readonly Recorded[];
    let read: Json = {};
    const statuses: string[] = [];
    for (const { method, path, query, body, host } of all.filter(({ recording }) => recording === name)) {
      if (read.metadata !== undefined) read = await settled(cloud.url, `${SERVICES}/api`);
      // gcloud sends the version that it read, and the names of revisions that it was told.
      const text = JSON.stringify(body ?? {});
      const serving = read.status?.traffic?.[0]?.revisionName;
      const own = JSON.parse(text.replaceAll("api-00001-aaa", serving ?? "api-00001-aaa")) as Json;
      const { resourceVersion } = read.metadata ?? {};
      const payload = { ...own, metadata: { ...own.metadata, resourceVersion } };
      const sent = body === undefined ? undefined : payload;
      const answer = await send({ url: cloud.url, host }, method, `${path}${query}`, sent);
      statuses.push(`${method} ${answer.status}`);
      if (answer.status === 200) read = answer.body;
    }
    expect(statuses[0]).toBe("GET 404");
    expect(new Set(statuses.slice(1).map((status) => status.split(" ")[1]))).toEqual(new Set(["200"]));
    const { spec, status } = await settled(cloud.url, `${SERVICES}/api`);
    expect(status.conditions[0]).toMatchObject({ type: "Ready", status: "True" });
    expect(spec.traffic).toEqual(
      JSON.parse(JSON.stringify(read.spec.traffic)), // what was asked last is what stands
    );
    const { body: newer } = await send(cloud.url, "GET", V2);
    if (name === "gcloud-run-traffic") {
      expect(newer.trafficStatuses.at(-1)).toMatchObject({ revision: "api-v2", tag: "rc" });
      return;
    }
    expect(newer).toMatchObject({
      client: "gcloud",
      ingress: "INGRESS_TRAFFIC_ALL",
      template: {
        revision: "api-v2",
        scaling: { minInstanceCount: 1, maxInstanceCount: 5 },
        executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
        vpcAccess: { egress: "PRIVATE_RANGES_ONLY", networkInterfaces: [{ network: "default" }] },
        serviceAccount: "a@p1.iam.gserviceaccount.com",
        timeout: "300s",
        maxInstanceRequestConcurrency: 80,
        volumes: [{ cloudSqlInstance: { instances: ["p1:us-central1:db"] } }],
        containers: [
          {
            env: [
              { name: "A", value: "1" },
              { name: "S", valueSource: { secretKeyRef: { secret: "s1", version: "1" } } },
            ],
            resources: { cpuIdle: false, startupCpuBoost: true, limits: { cpu: "1", memory: "512Mi" } },
            volumeMounts: [{ mountPath: "/cloudsql" }],
          },
        ],
      },
    });
    // Two deployments are two revisions; changes of traffic make none.
    expect((await send(cloud.url, "GET", `${V2}/revisions`)).body.revisions).toHaveLength(2);
  });

  it("refuses a change of an older version, and one of another service", async () => {
    await using cloud = await startCloud();
    await send(cloud.url, "POST", SERVICES, service());
    const read = await settled(cloud.url, `${SERVICES}/api`);
    expect((await send(cloud.url, "POST", SERVICES, service())).status).toBe(409);
    expect((await send(cloud.url, "PUT", `${SERVICES}/api`, read)).status).toBe(200);
    const late = await send(cloud.url, "PUT", `${SERVICES}/api`, read);
    expect(late).toMatchObject({ status: 409, body: { error: { status: "ABORTED" } } });
    expect((await send(cloud.url, "PUT", `${SERVICES}/web`, read)).status).toBe(404);
    const renamed = { ...read, metadata: { ...read.metadata, name: "web" } };
    expect((await send(cloud.url, "PUT", `${SERVICES}/api`, renamed)).status).toBe(400);
  });

  it("makes no revision where a client gives back what it read of the newer form", async () => {
    await using cloud = await startCloud();
    const template = {
      timeout: "12.5s",
      nodeSelector: { accelerator: "nvidia-l4" },
      containers: [{ image: "r/api", env: [{ name: "EMPTY" }], volumeMounts: [{ name: "db", mountPath: "/sql" }] }],
      volumes: [{ name: "db", cloudSqlInstance: { instances: ["p1:l:a"] } }],
    };
    await send(cloud.url, "POST", "/v2/projects/p1/locations/us-central1/services?serviceId=api", { template });
    const read = await settled(cloud.url, `${SERVICES}/api`);
    await send(cloud.url, "PUT", `${SERVICES}/api`, read);
    await settled(cloud.url, `${SERVICES}/api`);
    const { body } = await send(cloud.url, "GET", V2);
    expect(body.template).toEqual(template);
    expect((await send(cloud.url, "GET", `${V2}/revisions`)).body.revisions).toHaveLength(1);
    // A change keeps what the older form cannot say.
    const [container] = read.spec.template.spec.containers;
    read.spec.template.spec.containers = [{ ...container, image: "r/api:2" }];
    read.metadata.resourceVersion = "";
    await send(cloud.url, "PUT", `${SERVICES}/api`, read);
    expect((await send(cloud.url, "GET", V2)).body.template.nodeSelector).toEqual({ accelerator: "nvidia-l4" });
  });

  it("moves no traffic that a release pinned, whoever deploys meanwhile", async () => {
    await using cloud = await startCloud();
    await send(cloud.url, "POST", SERVICES, service());
    const { status } = await settled(cloud.url, `${SERVICES}/api`);
    const pinned = { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: status.latestReadyRevisionName };
    await send(cloud.url, "PATCH", `${V2}?updateMask=traffic`, { traffic: [{ ...pinned, percent: 100 }] });
    const read = await settled(cloud.url, `${SERVICES}/api`);
    read.spec.template.spec.containers = [{ image: "r/api:2" }];
    expect((await send(cloud.url, "PUT", `${SERVICES}/api`, read)).status).toBe(200);
    const after = await settled(cloud.url, `${SERVICES}/api`);
    expect(after.status.latestReadyRevisionName).not.toBe(pinned.revision);
    expect(after.status.traffic).toEqual([{ revisionName: pinned.revision, percent: 100 }]);
  });

  it("keeps traffic on the old revision where the new one never listens, and says why", async () => {
    await using cloud = await startCloud();
    await send(cloud.url, "POST", SERVICES, service());
    const before = await settled(cloud.url, `${SERVICES}/api`);
    const { resourceVersion } = before.metadata;
    const deaf = service({}, { args: ["deaf"] });
    await send(cloud.url, "PUT", `${SERVICES}/api`, { ...deaf, metadata: { ...deaf.metadata, resourceVersion } });
    const after = await settled(cloud.url, `${SERVICES}/api`);
    expect(after.status.conditions[0]).toMatchObject({
      status: "False",
      reason: "HEALTH_CHECK_CONTAINER_ERROR",
      message: expect.stringContaining("exit code 7"),
    });
    expect(after.status.traffic).toEqual(before.status.traffic);
    expect(after.status.latestReadyRevisionName).toBe(before.status.latestReadyRevisionName);
    expect(after.status.latestCreatedRevisionName).not.toBe(before.status.latestCreatedRevisionName);
  });

  it.each<[string, Json]>([
    ["no container", service({ template: { spec: {} } })],
    ["an unknown setting of a container", service({}, { securityContext: { runAsUser: 1 } })],
    [
      "a variable from a config map",
      service({}, { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "m" } } }] }),
    ],
    ["traffic that is no list", service({ traffic: "all" })],
    ["traffic that names nothing", service({ traffic: [{ percent: 100 }] })],
    ["traffic over 100", service({ traffic: [{ latestRevision: true, percent: 101 }] })],
    [
      "a connector with network interfaces",
      service({
        template: {
          metadata: {
            annotations: {
              "run.googleapis.com/vpc-access-connector": "c",
              "run.googleapis.com/network-interfaces": '[{"network":"n"}]',
            },
          },
          spec: { containers: [{ image: "r/api" }] },
        },
      }),
    ],
    [
      "an annotation with a value that it cannot have",
      service({
        template: {
          metadata: { annotations: { "run.googleapis.com/cpu-throttling": "maybe" } },
          spec: { containers: [{ image: "r/api" }] },
        },
      }),
    ],
    ["another namespace", { ...service(), metadata: { name: "api", namespace: "p2" } }],
    ["another kind", { ...service(), kind: "Configuration" }],
  ])("refuses %s with Google's error body, and changes nothing", async (_, body) => {
    await using cloud = await startCloud();
    const answer = await send(cloud.url, "POST", SERVICES, body);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 400, status: "INVALID_ARGUMENT" } } });
    expect((await send(cloud.url, "GET", SERVICES)).body.items).toEqual([]);
  });

  it("finds revisions by label and by name, and deletes those that nothing names", async () => {
    await using cloud = await startCloud();
    const labelled = service();
    labelled.spec.template.metadata = { labels: { "client.knative.dev/nonce": "abc" }, name: "api-one" };
    await send(cloud.url, "POST", SERVICES, labelled);
    const read = await settled(cloud.url, `${SERVICES}/api`);
    read.spec.template.metadata = { labels: {}, name: "api-two" };
    await send(cloud.url, "PUT", `${SERVICES}/api`, read);
    await settled(cloud.url, `${SERVICES}/api`);
    const revisions = SERVICES.replace(/services$/, "revisions");
    const named = async (selector: string) => {
      const query = new URLSearchParams({ labelSelector: selector });
      const { body } = await send(cloud.url, "GET", `${revisions}?${query}`);
      return body.items.map((item: Json) => item.metadata.name);
    };
    expect(await named("serving.knative.dev/service = api")).toEqual(["api-two", "api-one"]);
    expect(await named("client.knative.dev/nonce = abc")).toEqual(["api-one"]);
    expect(await named("serving.knative.dev/service in (web,site)")).toEqual([]);
    expect((await send(cloud.url, "GET", `${revisions}?labelSelector=%3D%3D`)).status).toBe(400);
    expect((await send(cloud.url, "DELETE", `${revisions}/api-two`)).status).toBe(400);
    expect((await send(cloud.url, "DELETE", `${revisions}/api-one`)).status).toBe(200);
    expect((await send(cloud.url, "GET", `${revisions}/api-one`)).status).toBe(404);
    expect((await send(cloud.url, "DELETE", `${V2}/revisions/api-one`)).status).toBe(404);
  });

  it.each([V2, V2.replace("/v2/", "/v1/")])("keeps who may call a service at %s", async (path) => {
    await using cloud = await startCloud();
    expect((await send(cloud.url, "GET", `${path}:getIamPolicy`)).status).toBe(404);
    await send(cloud.url, "POST", SERVICES, service());
    const { body: none } = await send(cloud.url, "GET", `${path}:getIamPolicy`);
    expect(none).toEqual({ version: 1, etag: expect.any(String) });
    const bindings = [{ role: "roles/run.invoker", members: ["allUsers"] }];
    const set = (policy: Json) => send(cloud.url, "POST", `${path}:setIamPolicy`, { policy });
    expect((await set({ bindings, etag: none.etag })).body).toMatchObject({ bindings });
    expect(await set({ bindings: [], etag: none.etag })).toMatchObject({ status: 409 });
    expect(await set({ bindings: [{ role: "owner", members: ["allUsers"] }] })).toMatchObject({ status: 400 });
    expect(await set({ bindings: [{ role: "roles/run.invoker", members: ["all"] }] })).toMatchObject({ status: 400 });
    expect((await send(cloud.url, "GET", `${path}:getIamPolicy`)).body).toMatchObject({ bindings });
    const asked = { permissions: ["run.services.setIamPolicy"] };
    expect((await send(cloud.url, "POST", `${path}:testIamPermissions`, asked)).body).toEqual(asked);
    await settled(cloud.url, `${SERVICES}/api`);
    await send(cloud.url, "DELETE", `${SERVICES}/api`);
    await send(cloud.url, "POST", SERVICES, service());
    expect((await send(cloud.url, "GET", `${path}:getIamPolicy`)).body.bindings).toBeUndefined();
  });

  it("runs jobs, with what one run overrides, and tells how they end", async () => {
    await using cloud = await startCloud();
    const task = { spec: { containers: [{ image: "r/j", args: ["up"] }], maxRetries: 0, timeoutSeconds: 60 } };
    const annotations = { "run.googleapis.com/cloudsql-instances": "p1:l:db" };
    const spec = { template: { metadata: { annotations }, spec: { taskCount: 2, template: task } } };
    const job = { kind: "Job", metadata: { name: "migrate", namespace: "p1" }, spec };
    expect((await send(cloud.url, "POST", JOBS, job)).status).toBe(200);
    const { body: read } = await send(cloud.url, "GET", `${JOBS}/migrate`);
    expect(read.spec.template).toMatchObject(spec.template);
    expect((await send(cloud.url, "PUT", `${JOBS}/migrate`, read)).status).toBe(200);
    expect((await send(cloud.url, "PUT", `${JOBS}/migrate`, read)).status).toBe(409);
    const executions = JOBS.replace(/jobs$/, "executions");
    const run = async (overrides?: Json) => {
      const { body } = await send(cloud.url, "POST", `${JOBS}/migrate:run`, overrides && { overrides });
      return await settled(cloud.url, `${executions}/${body.metadata.name}`, "Completed");
    };
    const done = await run();
    expect(done.status).toMatchObject({
      succeededCount: 2,
      failedCount: 0,
      conditions: [{ status: "True" }, {}, {}, {}],
    });
    const failed = await run({ containerOverrides: [{ args: ["fail"] }], taskCount: 1 });
    expect(failed.status.conditions[0]).toMatchObject({
      type: "Completed",
      status: "False",
      reason: "NON_ZERO_EXIT_CODE",
    });
    const { body: all } = await send(
      cloud.url,
      "GET",
      `${executions}?labelSelector=run.googleapis.com%2Fjob%3Dmigrate`,
    );
    expect(all.items).toHaveLength(2);
    expect((await send(cloud.url, "GET", `${JOBS}/migrate`)).body.status.executionCount).toBe(2);
    expect((await send(cloud.url, "POST", `${JOBS}/nothing:run`)).status).toBe(404);
    expect((await send(cloud.url, "DELETE", `${JOBS}/migrate`)).status).toBe(200);
    expect((await send(cloud.url, "GET", JOBS)).body.items).toEqual([]);
  });

  it("takes the host's region, and none for all of them", async () => {
    await using cloud = await startCloud();
    const { url } = cloud;
    expect((await send({ url, host: "run.local" }, "POST", SERVICES, service())).status).toBe(400);
    await send(url, "POST", SERVICES, service());
    expect((await send({ url, host: "run.local" }, "GET", `${SERVICES}/api`)).status).toBe(200);
    expect((await send({ url, host: "us-east1-run.local" }, "GET", `${SERVICES}/api`)).status).toBe(404);
    const everywhere = await send({ url, host: "run.local" }, "GET", "/v1/projects/p1/locations/-/services");
    expect(everywhere.body.items).toHaveLength(1);
    expect((await send(url, "GET", SERVICES.replace("/services", "/domainmappings"))).status).toBe(501);
  });
});
