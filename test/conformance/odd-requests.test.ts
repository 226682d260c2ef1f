/** Requests that no client would send: each is refused or answered, none breaks the embedded cloud. */
import { randomBytes, randomInt } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemIds as ids } from "../../src/adapters/system/system-ids.ts";
import { registerCloudBuildV1 } from "../../src/cloud/cloud-build-v1/cloud-build-v1.ts";
import { registerProjectsV1 } from "../../src/cloud/projects-v1/projects-v1.ts";
import { registerArtifactRegistryV1 } from "../../src/cloud/registry/artifact-registry-v1.ts";
import { createImageCatalogue } from "../../src/cloud/registry/image-catalogue.ts";
import { createRegistryServer } from "../../src/cloud/registry/registry-server.ts";
import { registerSecretManagerV1 } from "../../src/cloud/secret-manager-v1/secret-manager-v1.ts";
import { createSecretStore } from "../../src/cloud/secret-manager-v1/secret-store.ts";
import { createObjectStore } from "../../src/cloud/storage/object-store.ts";
import { registerStorageV1 } from "../../src/cloud/storage/storage-v1.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import { answerFaults } from "../../src/server/faults.ts";
import { createBuildWorld } from "../builds/build-world.ts";
import { startCloud } from "./run-world.ts";

const RUNS = 400;
const PATIENCE_MS = 180_000;
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const LONGEST_ANSWER_MS = 60_000;

const V2 = "/v2/projects/p1/locations/us-central1";
const SERVING = "/apis/serving.knative.dev/v1/namespaces/p1";
const RUN = "/apis/run.googleapis.com/v1/namespaces/p1";
const V1 = "/v1/projects/p1";
const ARTIFACTS = `${V1}/locations/us-central1/repositories`;
/** A `*` stands for a word. */
const PATHS = [
  ...["services", "services/*", "services/*/revisions", "services/*/revisions/*", "jobs", "jobs/*", "jobs/*:run"],
  ...["services/*:setIamPolicy", "services/*:getIamPolicy", "services/*:testIamPermissions", "services/*:*"],
  ...["jobs/*/executions", "jobs/*/executions/*", "jobs/*/executions/*:cancel", "operations", "operations/*", "*"],
].map((path) => `${V2}/${path}`);
const OTHERS = [
  ...["services", "services/*", "revisions", "revisions/*", "*"].map((path) => `${SERVING}/${path}`),
  ...["jobs", "jobs/*", "jobs/*:run", "executions", "executions/*:cancel", "*"].map((path) => `${RUN}/${path}`),
  ...["secrets", "secrets/*", "secrets/*:addVersion", "secrets/*/versions/*:access"].map((path) => `${V1}/${path}`),
  ...["secrets/*/versions", "secrets/*/versions/*:disable", "services/*:enable", "services:batchEnable", "*"].map(
    (path) => `${V1}/${path}`,
  ),
  ...["builds", "builds/*", "builds/*:cancel", "builds/*:retry", "builds/*:approve"].map((path) => `${V1}/${path}`),
  ...["", "/*", "/*/dockerImages", "/*/packages/*/versions"].map((path) => `${ARTIFACTS}${path}`),
  ...["/storage/v1/b", "/storage/v1/b/*", "/storage/v1/b/*/o/*", "/upload/storage/v1/b/*/o", "/v1/operations/*"],
];
const REGISTRY = ["/v2/", "/v2/*/manifests/*", "/v2/*/tags/list", "/v2/*/blobs/*", "/v2/*/blobs/uploads/", "/v2/*/*"];

/** What a real request holds; one of its members, at any depth, becomes something else. */
const SOUND = [
  {
    template: {
      containers: [{ image: "r/api", env: [{ name: "A", value: "1" }], resources: { limits: { cpu: "1" } } }],
      scaling: { minInstanceCount: 1 },
      timeout: "5s",
    },
    traffic: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }],
    etag: "x",
  },
  {
    kind: "Service",
    metadata: {
      name: "api",
      namespace: "p1",
      labels: { a: "b" },
      annotations: { "run.googleapis.com/ingress": "all" },
    },
    spec: {
      template: {
        metadata: { annotations: { "autoscaling.knative.dev/maxScale": "3" } },
        spec: { containers: [{ image: "r/api", args: ["x"], env: [{ name: "A", value: "1" }] }], timeoutSeconds: 3 },
      },
      traffic: [{ latestRevision: true, percent: 100 }],
    },
  },
  {
    metadata: { name: "job" },
    spec: {
      template: { spec: { taskCount: 1, template: { spec: { containers: [{ image: "r/j" }], maxRetries: 0 } } } },
    },
  },
  { template: { taskCount: 1, template: { containers: [{ image: "r/j" }] } }, overrides: { taskCount: 1 } },
  { policy: { bindings: [{ role: "roles/run.invoker", members: ["allUsers"] }] }, permissions: ["p"] },
  { payload: { data: "eA==", dataCrc32c: "1" }, labels: {}, replication: { automatic: {} } },
  { serviceIds: ["run.googleapis.com"], format: "DOCKER", name: "p1_cloudbuild" },
  { steps: "none", substitutions: { _A: "1" }, timeout: "1s", approvalResult: { decision: "APPROVED" } },
];

const word = fc.oneof(
  fc.constantFrom(
    "api",
    "job",
    "key",
    "p1_cloudbuild",
    "latest",
    "1",
    "app",
    "x".repeat(300),
    "..",
    "%2e%2e%2f",
    "%00",
  ),
  fc.string({ maxLength: 12 }).map(encodeURIComponent),
);
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, "", -1, 1e21, "__proto__", [null], [[]], {}, "0s", "-5s", "9".repeat(40), "\u0000", "a\nb"),
);
const query = fc.oneof(
  fc.constantFrom(
    "",
    "?alt=json",
    "?serviceId=api&jobId=job&secretId=key&repositoryId=app&uploadType=multipart&name=o",
  ),
  fc.constantFrom("?updateMask=template.containers.0.image", "?updateMask=..,,*.__proto__.x", "?updateMask=labels,"),
  fc.constantFrom(
    "?pageSize=-1",
    "?pageToken=%00",
    "?filter=((",
    "?labelSelector=a in (",
    "?validateOnly=1&allowMissing=true",
  ),
  fc.constantFrom(
    "?updateMask=template&allowMissing=true",
    "?dryRun=all&dryRun=none",
    "?orderBy=%20desc",
    "?digest=sha256:0",
  ),
);
const body = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...SOUND), fc.nat(), odd)
      .map(([sound, at, value]) => JSON.stringify(spoilt(sound, at, value))),
  },
  { weight: 2, arbitrary: odd.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom("", "{", "[".repeat(5_000), '{"a":'.repeat(2_000), "--x\n\n--x--") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(1_000_000, 5_000_000).map((size) => JSON.stringify({ labels: { a: "x".repeat(size) } })),
  },
);
const oddRequest = (paths: readonly string[]) =>
  fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE"),
    path: fc.tuple(fc.constantFrom(...paths), fc.array(word, { minLength: 3, maxLength: 3 })).map(([path, words]) => {
      let next = 0;
      return path.replaceAll("*", () => words[next++] ?? "x");
    }),
    query: query.map((text) => text.replaceAll(" ", "%20")),
    type: fc.constantFrom("application/json", "application/json", "text/plain", "multipart/related; boundary='x'", ""),
    body,
  });

/** The value with one of its members, counted through at any depth, replaced. */
function spoilt(value: unknown, at: number, by: unknown): unknown {
  const places: ((next: unknown) => void)[] = [];
  const copy = structuredClone(value);
  const walk = (inner: unknown) => {
    if (typeof inner !== "object" || inner === null) return;
    for (const [key, member] of Object.entries(inner)) {
      places.push((next) => Reflect.set(inner, key, next));
      walk(member);
    }
  };
  walk(copy);
  places[at % (places.length + 1)]?.(by); // one past the last: as it is
  return copy;
}

interface OddRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly type: string;
  readonly body: string;
}

/** The status of the answer; a connection that the server cuts while it is sent too much counts as refused. */
function ask(url: string, { method, path, query: search, type, body: text }: OddRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const typed = type === "" ? {} : { "content-type": type };
    const headers = { host: "us-central1-run.local", ...typed, "content-length": Buffer.byteLength(text) };
    const options = { hostname, port, method, path: `${path}${search}`, headers, timeout: LONGEST_ANSWER_MS };
    const sent = request(options, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer")));
    sent.once("error", (error) => {
      const isCut = "code" in error && (error.code === "EPIPE" || error.code === "ECONNRESET") && text.length > 900_000;
      if (isCut) resolve(413);
      else reject(error);
    });
    sent.end(text);
  });
}

async function check(url: string, paths: readonly string[]): Promise<void> {
  const seed = randomInt(2 ** 31);
  console.info(`odd requests: seed ${seed}`);
  const property = fc.asyncProperty(oddRequest(paths), async (each) => {
    const status = await ask(url, each);
    if (status >= 500 && status !== 501) throw new Error(`answered ${status}`);
  });
  await fc.assert(property, { seed, numRuns: RUNS, endOnFailure: true, interruptAfterTimeLimit: PATIENCE_MS / 2 });
}

describe("requests that no client would send", () => {
  it("break none of Google's APIs", { timeout: PATIENCE_MS }, async () => {
    await using world = createBuildWorld();
    const documents = createMemoryDocuments();
    const faults: unknown[] = [];
    const callerOf = async () => ({ kind: "person", name: "ada" }) as const;
    const gate = { callerOf, authority: createProjectAuthority() };
    await using cloud = await startCloud((app, directory) => {
      answerFaults(app, { bodyLimitBytes: BODY_LIMIT_BYTES, onFault: (_, cause) => faults.push(cause) });
      const secrets = createSecretStore({ documents, encryptionKey: randomBytes(32), clock });
      registerSecretManagerV1(app, { secrets, ...gate });
      const objects = createObjectStore({ documents, directory: join(directory, "objects"), clock, ids });
      registerStorageV1(app, { objects, ...gate });
      registerProjectsV1(app, gate);
      const images = createImageCatalogue({ directory: join(directory, "registry"), ids });
      registerArtifactRegistryV1(app, { images, documents, clock, ...gate });
      registerCloudBuildV1(app, { engine: world.engine, clock, ...gate, serverUrl: () => "http://127.0.0.1" });
    });
    await check(cloud.url, [...PATHS, ...OTHERS]);
    expect(faults).toEqual([]);
    expect((await fetch(`${cloud.url}${V2}/services`)).status).toBe(200);
  });

  it("leave a connection on which the next one is answered", { timeout: PATIENCE_MS }, async () => {
    const documents = createMemoryDocuments();
    await using cloud = await startCloud((app, directory) => {
      const objects = createObjectStore({ documents, directory: join(directory, "objects"), clock, ids });
      const callerOf = async () => ({ kind: "person", name: "ada" }) as const;
      registerStorageV1(app, { objects, callerOf, authority: createProjectAuthority() });
    });
    const large = JSON.stringify({ name: "x".repeat(3_000_000) });
    const odd = { method: "POST", path: "/storage/v1/b", query: "", type: "application/json", body: large };
    // Node's own client keeps the connection and sends the next one on it.
    expect([await ask(cloud.url, odd), await ask(cloud.url, odd)]).toEqual([400, 400]);
    expect(await ask(cloud.url, { ...odd, body: "{}" })).toBe(400);
  });

  it("do not break the registry", { timeout: PATIENCE_MS }, async () => {
    await using world = createBuildWorld();
    const faults: unknown[] = [];
    const directory = join(world.directory, "registry");
    const registry = createRegistryServer({ directory, clock, ids, onFault: (fault) => faults.push(fault) });
    const { url } = await registry.listen();
    try {
      await check(url, REGISTRY);
      expect(faults).toEqual([]);
      expect((await fetch(`${url}/v2/`)).status).toBe(200);
    } finally {
      await registry.close();
    }
  });
});
