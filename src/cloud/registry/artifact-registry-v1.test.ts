import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createProjectAuthority } from "../../ports/authority.fake.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import type { Caller } from "../../ports/identities.ts";
import { registerArtifactRegistryV1 } from "./artifact-registry-v1.ts";
import { createImageCatalogue } from "./image-catalogue.ts";
import { createRegistryServer, type RegistryServer } from "./registry-server.ts";

const clock: Clock = { now: () => instant(0), monotonicMs: () => performance.now(), sleep: async () => {} };
const ids: Ids = {
  uuid: () => crypto.randomUUID(),
  randomHex: (bytes) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex"),
};
const REPOSITORIES = "/v1/projects/p1/locations/us-central1/repositories";
const IMAGE = "us-central1-docker.pkg.dev/p1/app";
const MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";

let directory = "";
let registry: RegistryServer;
let registryUrl = "";
let app: FastifyInstance;
let caller: Caller | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mobius-artifacts-"));
  registry = createRegistryServer({ directory, clock, ids });
  registryUrl = (await registry.listen()).url;
  app = fastify();
  caller = { kind: "identity", email: "deploy@p1", environment: "staging", project: "p1" };
  const images = createImageCatalogue({ directory, ids });
  const gate = { callerOf: async () => caller, authority: createProjectAuthority() };
  registerArtifactRegistryV1(app, { images, documents: createMemoryDocuments(), clock, ...gate });
});
afterEach(async () => {
  await registry.close();
  await rm(directory, { recursive: true });
});

async function call(method: "GET" | "POST", url: string, payload?: object) {
  const response = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, body: response.json() };
}

/** Pushes an image with one layer of this content; its digest. */
async function push(repository: string, tag: string, content: string): Promise<string> {
  const blob = async (text: string) => {
    const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    const url = `${registryUrl}/v2/${repository}/blobs/uploads/?digest=${digest}`;
    expect((await fetch(url, { method: "POST", body: text })).status).toBe(201);
    return { digest, size: text.length };
  };
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE,
    config: await blob("{}"),
    layers: [await blob(content)],
  });
  const headers = { "content-type": MEDIA_TYPE };
  const put = await fetch(`${registryUrl}/v2/${repository}/manifests/${tag}`, { method: "PUT", body, headers });
  return put.headers.get("docker-content-digest") ?? "";
}

describe("Artifact Registry v1", () => {
  it("has no repository before one is made or holds an image", async () => {
    expect(await call("GET", `${REPOSITORIES}/app`)).toMatchObject({ status: 404, body: { error: { code: 404 } } });
    const made = await call("POST", `${REPOSITORIES}?repositoryId=app`, { format: "DOCKER", description: "ours" });
    expect(made.body).toMatchObject({ done: true, response: { description: "ours" } });
    expect((await call("POST", `${REPOSITORIES}?repositoryId=app`, {})).status).toBe(409);
    const name = "projects/p1/locations/us-central1/repositories/app";
    expect((await call("GET", `${REPOSITORIES}/app`)).body).toMatchObject({ name, format: "DOCKER" });
    expect((await call("GET", REPOSITORIES)).body.repositories).toMatchObject([{ name }]);
    expect((await call("GET", `${REPOSITORIES}/app/dockerImages`)).body).toEqual({ dockerImages: [] });
    await push("us-central1-docker.pkg.dev/p1/other/api", "1", "x");
    expect((await call("GET", `${REPOSITORIES}/other`)).status).toBe(200);
  });

  it("lists images with their tags and sizes, those of nested names too", async () => {
    const first = await push(`${IMAGE}/api`, "1", "layer");
    await push(`${IMAGE}/api`, "latest", "layer");
    const nested = await push(`${IMAGE}/team/web`, "2", "another layer");
    await push("us-central1-docker.pkg.dev/p2/app/api", "1", "of somebody else");
    const { body } = await call("GET", `${REPOSITORIES}/app/dockerImages`);
    expect(body.dockerImages).toMatchObject([
      { uri: `${IMAGE}/api@${first}`, tags: ["1", "latest"], imageSizeBytes: "7" },
      { uri: `${IMAGE}/team/web@${nested}`, tags: ["2"], imageSizeBytes: "15" },
    ]);
    const { body: packages } = await call("GET", `${REPOSITORIES}/app/packages`);
    expect(packages.packages.map(({ name }: { name: string }) => name.split("/").at(-1))).toEqual([
      "api",
      "team%2Fweb",
    ]);
    const { body: versions } = await call("GET", `${REPOSITORIES}/app/packages/team%2Fweb/versions?orderBy=x+desc`);
    expect(versions.versions).toMatchObject([{ metadata: { imageSizeBytes: "15" }, relatedTags: [{}] }]);
    expect((await call("GET", `${REPOSITORIES}/app/packages/none/versions`)).status).toBe(404);
  });

  it("refuses other projects, nobody, and names that would be paths", async () => {
    expect((await call("GET", REPOSITORIES.replace("p1", "p2"))).status).toBe(403);
    expect((await call("GET", `${REPOSITORIES}/..%2F..%2Fapp/dockerImages`)).status).toBe(404);
    expect((await call("POST", `${REPOSITORIES}?repositoryId=..`, {})).status).toBe(400);
    expect((await call("POST", `${REPOSITORIES}?repositoryId=a`, { format: "MAVEN" })).status).toBe(400);
    caller = undefined;
    expect((await call("GET", REPOSITORIES)).status).toBe(401);
  });
});
