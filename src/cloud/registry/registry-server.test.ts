import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import { createRegistryServer, type RegistryOptions, type RegistryServer } from "./registry-server.ts";

const REPOSITORY = "gcr.io/mobius-staging/mobius-rag";
const clock: Clock = { now: () => instant(0), monotonicMs: () => performance.now(), sleep: async () => {} };
const ids: Ids = {
  uuid: () => crypto.randomUUID(),
  randomHex: (bytes) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex"),
};

let directory = "";
let server: RegistryServer;
let base = "";

async function startServer(change: Partial<RegistryOptions> = {}): Promise<void> {
  server = createRegistryServer({ directory, clock, ids, ...change });
  base = `${(await server.listen()).url}/v2/${REPOSITORY}`;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mobius-registry-"));
  await startServer();
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

const digestOf = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;

async function pushBlob(content: string, root = base): Promise<string> {
  const response = await fetch(`${root}/blobs/uploads/?digest=${digestOf(content)}`, { method: "POST", body: content });
  expect(response.status).toBe(201);
  return digestOf(content);
}

async function manifest(): Promise<string> {
  const [config, layer] = [await pushBlob("{}"), await pushBlob("layer")];
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  return JSON.stringify({ schemaVersion: 2, mediaType, config: { digest: config }, layers: [{ digest: layer }] });
}

const putManifest = (reference: string, body: string, type = "application/vnd.oci.image.manifest.v1+json") =>
  fetch(`${base}/manifests/${reference}`, { method: "PUT", body, headers: { "content-type": type } });

async function errorOf(response: Response): Promise<string> {
  const body = (await response.json()) as { errors: { code: string }[] };
  return `${response.status} ${body.errors[0]?.code}`;
}

describe("registry: blobs", () => {
  it("gives a repository what another one has, and begins an upload where that one has not", async () => {
    const digest = await pushBlob("mounted");
    const other = base.replace("mobius-staging", "mobiusos-new");
    const mount = (from: string) =>
      fetch(`${other}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`, { method: "POST" });
    expect((await mount("gcr.io/mobius-staging/absent")).status).toBe(202);
    expect((await mount("../../mobius-staging/mobius-rag")).status).toBe(202);
    expect((await fetch(`${other}/blobs/${digest}`)).status).toBe(404);
    const mounted = await mount(REPOSITORY);
    expect([mounted.status, mounted.headers.get("docker-content-digest")]).toEqual([201, digest]);
    expect(await (await fetch(`${other}/blobs/${digest}`)).text()).toBe("mounted");
  });

  it("answers the version check", async () => {
    const response = await fetch(new URL("/v2/", base));
    expect(response.status).toBe(200);
    expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
  });

  it("takes a blob in one request and gives it back", async () => {
    const digest = await pushBlob("content ☂");
    const head = await fetch(`${base}/blobs/${digest}`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), head.headers.get("docker-content-digest")]).toEqual([
      200,
      "11",
      digest,
    ]);
    expect(await (await fetch(`${base}/blobs/${digest}`)).text()).toBe("content ☂");
  });

  it("takes a blob in chunks, tells how far it is, and refuses a chunk out of place", async () => {
    const started = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    expect(started.status).toBe(202);
    const location = new URL(started.headers.get("location") ?? "", base);
    const chunk = (body: string, range: string) =>
      fetch(location, { method: "PATCH", body, headers: { "content-range": range } });
    expect((await chunk("hello ", "0-5")).headers.get("range")).toBe("0-5");
    expect(await errorOf(await chunk("again", "0-4"))).toBe("416 BLOB_UPLOAD_INVALID");
    const progress = await fetch(location);
    expect([progress.status, progress.headers.get("range")]).toEqual([204, "0-5"]);
    await chunk("wor", "6-8");
    const digest = digestOf("hello world");
    const ended = await fetch(`${location}?digest=${digest}`, { method: "PUT", body: "ld" });
    expect(ended.status).toBe(201);
    expect(await (await fetch(`${base}/blobs/${digest}`)).text()).toBe("hello world");
    expect((await fetch(location)).status).toBe(404);
  });

  it("refuses content with another digest and keeps nothing of it", async () => {
    const claimed = digestOf("what was promised");
    const response = await fetch(`${base}/blobs/uploads/?digest=${claimed}`, { method: "POST", body: "what came" });
    expect(await errorOf(response)).toBe("400 DIGEST_INVALID");
    expect((await fetch(`${base}/blobs/${claimed}`, { method: "HEAD" })).status).toBe(404);
    expect(await readdir(join(directory, "uploads"))).toEqual([]);
  });

  it("forgets a chunk whose sender went away half-way, and goes on from before it", async () => {
    const started = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    const location = new URL(started.headers.get("location") ?? "", base);
    await fetch(location, { method: "PATCH", body: "kept" });
    await new Promise<void>((resolve) => {
      const broken = httpRequest(location, { method: "PATCH", headers: { "content-length": 100 } });
      broken.on("error", () => resolve());
      broken.write("lost", () => broken.destroy());
      broken.on("close", resolve);
    });
    const digest = digestOf("kept and whole");
    const deadline = performance.now() + 5_000;
    let status = 0;
    // The server may still be busy with the broken request; then it says so.
    while (status !== 201 && performance.now() < deadline) {
      status = (await fetch(`${location}?digest=${digest}`, { method: "PUT", body: " and whole" })).status;
    }
    expect(status).toBe(201);
  });

  it("lets a repository see only what was pushed to it", async () => {
    const digest = await pushBlob("mine");
    const other = base.replace("mobius-staging", "mobius-production");
    expect((await fetch(`${other}/blobs/${digest}`)).status).toBe(404);
    await pushBlob("mine", other);
    expect((await fetch(`${other}/blobs/${digest}`)).status).toBe(200);
  });

  it("keeps what was pushed over a restart, and drops uploads that were under way", async () => {
    const digest = await pushBlob("kept");
    await putManifest("v1", await manifest());
    await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    await server.close();
    await startServer();
    expect(await (await fetch(`${base}/blobs/${digest}`)).text()).toBe("kept");
    expect((await fetch(`${base}/manifests/v1`)).status).toBe(200);
    expect(await readdir(join(directory, "uploads"))).toEqual([]);
  });

  it("refuses a blob that is too large, in one request and in chunks", async () => {
    await server.close();
    await startServer({ maxBlobBytes: 10 });
    await pushBlob("0123456789");
    const whole = `${base}/blobs/uploads/?digest=${digestOf("0123456789+")}`;
    expect(await errorOf(await fetch(whole, { method: "POST", body: "0123456789+" }))).toBe("413 SIZE_INVALID");
    const started = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    const location = new URL(started.headers.get("location") ?? "", base);
    await fetch(location, { method: "PATCH", body: "01234567" });
    expect(await errorOf(await fetch(location, { method: "PATCH", body: "89+" }))).toBe("413 SIZE_INVALID");
    expect((await fetch(location)).headers.get("range")).toBe("0-7");
    expect((await fetch(location, { method: "DELETE" })).status).toBe(204);
    expect(await readdir(join(directory, "uploads"))).toEqual([]);
  });

  it("keeps nothing of an upload in one request that broke, and tells of it", async () => {
    const faults: unknown[] = [];
    await server.close();
    await startServer({ onFault: (error) => faults.push(error) });
    const uploads = async () => await readdir(join(directory, "uploads"));
    const options = { method: "POST", headers: { "content-length": 100 } };
    const broken = httpRequest(`${base}/blobs/uploads/?digest=${digestOf("x")}`, options);
    broken.on("error", () => {});
    broken.write("lost");
    await expect.poll(uploads, { timeout: 5_000 }).toHaveLength(1);
    broken.destroy();
    await expect.poll(() => faults.length, { timeout: 5_000 }).toBe(1);
    expect(await uploads()).toEqual([]);
  });

  it("never deletes", async () => {
    const digest = await pushBlob("kept");
    expect(await errorOf(await fetch(`${base}/blobs/${digest}`, { method: "DELETE" }))).toBe("405 UNSUPPORTED");
    expect(await errorOf(await fetch(`${base}/manifests/v1`, { method: "DELETE" }))).toBe("405 UNSUPPORTED");
  });

  it("takes no more than 100 uploads at a time", async () => {
    for (let count = 0; count < 100; count++) await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    expect(await errorOf(await fetch(`${base}/blobs/uploads/`, { method: "POST" }))).toBe("429 TOOMANYREQUESTS");
  });

  it.each([
    ["/v2/gcr.io/..%2F..%2Fetc/blobs/x", "400 NAME_INVALID"],
    ["/v2/UPPER/tags/list", "400 NAME_INVALID"],
    ["/v2/a/_tags/tags/list", "400 NAME_INVALID"],
    [`/v2/${"a/".repeat(130)}a/tags/list`, "400 NAME_INVALID"],
    ["/v2/a/blobs/sha256:xyz", "400 DIGEST_INVALID"],
    ["/v2/a/manifests/..", "404 NAME_UNKNOWN"],
    ["/v2/a/manifests/%2e%2e%2f", "400 MANIFEST_INVALID"],
    ["/v2/a/manifests/-x", "400 MANIFEST_INVALID"],
    ["/v2/a/manifests/sha512:00", "400 DIGEST_INVALID"],
    ["/v2/%zz/tags/list", "404 NAME_UNKNOWN"],
    ["/other", "404 NAME_UNKNOWN"],
  ])("refuses the path %s", async (path, error) => {
    expect(await errorOf(await fetch(new URL(base).origin + path))).toBe(error);
  });
});

describe("registry: manifests", () => {
  it("takes one by tag, gives it back by tag and by digest, and moves the tag", async () => {
    const text = await manifest();
    const put = await putManifest("staging-1", text);
    expect([put.status, put.headers.get("docker-content-digest")]).toEqual([201, digestOf(text)]);
    for (const reference of ["staging-1", digestOf(text)]) {
      const response = await fetch(`${base}/manifests/${reference}`);
      expect(await response.text()).toBe(text);
      expect(response.headers.get("content-type")).toBe("application/vnd.oci.image.manifest.v1+json");
    }
    const newer = text.replace("{", "{ ");
    await putManifest("staging-1", newer);
    const head = await fetch(`${base}/manifests/staging-1`, { method: "HEAD" });
    expect(head.headers.get("docker-content-digest")).toBe(digestOf(newer));
    expect((await fetch(`${base}/manifests/${digestOf(text)}`)).status).toBe(200);
  });

  it("lists tags in order and by pages", async () => {
    expect(await errorOf(await fetch(`${base}/tags/list`))).toBe("404 NAME_UNKNOWN");
    const text = await manifest();
    expect(await (await fetch(`${base}/tags/list`)).json()).toEqual({ name: REPOSITORY, tags: [] });
    for (const tag of ["c", "a", "b.part", "key-0123456789abcdef0123456789abcdef"]) await putManifest(tag, text);
    const page = await fetch(`${base}/tags/list?n=3`);
    expect(((await page.json()) as { tags: string[] }).tags).toEqual(["a", "b.part", "c"]);
    const next = /<(.+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
    const rest = await fetch(new URL(next, base));
    expect(((await rest.json()) as { tags: string[] }).tags).toEqual(["key-0123456789abcdef0123456789abcdef"]);
    expect(rest.headers.get("link")).toBeNull();
  });

  it("takes an index of images that are there", async () => {
    const text = await manifest();
    const index = JSON.stringify({ schemaVersion: 2, manifests: [{ digest: digestOf(text) }] });
    const type = "application/vnd.oci.image.index.v1+json";
    expect(await errorOf(await putManifest("all", index, type))).toBe("404 MANIFEST_BLOB_UNKNOWN");
    await putManifest(digestOf(text), text);
    expect((await putManifest("all", index, type)).status).toBe(201);
  });

  it.each([
    ["broken JSON", "v1", "{", "400 MANIFEST_INVALID"],
    ["neither image nor index", "v1", '{"schemaVersion":2}', "400 MANIFEST_INVALID"],
    ["more than 4 MiB", "v1", " ".repeat(4 * 1024 * 1024 + 1), "413 MANIFEST_INVALID"],
  ])("refuses %s", async (_, reference, body, error) => {
    expect(await errorOf(await putManifest(reference, body))).toBe(error);
  });

  it("refuses one whose parts are missing, whose digest is another, or whose type is", async () => {
    const text = await manifest();
    expect(await errorOf(await putManifest("v1", text.replace(digestOf("layer"), digestOf("no"))))).toBe(
      "404 MANIFEST_BLOB_UNKNOWN",
    );
    expect(await errorOf(await putManifest(digestOf("other"), text))).toBe("400 DIGEST_INVALID");
    const docker = "application/vnd.docker.distribution.manifest.v2+json";
    expect(await errorOf(await putManifest("v1", text, docker))).toBe("400 MANIFEST_INVALID");
    expect((await fetch(`${base}/manifests/v1`)).status).toBe(404);
  });
});

describe("registry: access", () => {
  it("asks the rule for every request, and lets only those through that it allows", async () => {
    const asked: string[] = [];
    await server.close();
    await startServer({
      authorize: async (token, action, repository) => {
        asked.push(`${token} ${action} ${repository}`);
        return token === "good" && action === "pull";
      },
    });
    const tags = (headers: Record<string, string>) => fetch(`${base}/tags/list`, { headers });
    const without = await tags({});
    expect(without.headers.get("www-authenticate")).toMatch(/^Basic /);
    expect(await errorOf(without)).toBe("401 UNAUTHORIZED");
    expect(await errorOf(await tags({ authorization: "Bearer bad" }))).toBe("403 DENIED");
    expect((await tags({ authorization: "Bearer good" })).status).toBe(404);
    const basic = `Basic ${Buffer.from("any:good").toString("base64")}`;
    expect((await tags({ authorization: basic })).status).toBe(404);
    const push = await fetch(`${base}/blobs/uploads/`, { method: "POST", headers: { authorization: basic } });
    expect(await errorOf(push)).toBe("403 DENIED");
    expect((await fetch(new URL("/v2/", base))).status).toBe(401);
    expect(asked).toEqual([
      ` pull ${REPOSITORY}`,
      `bad pull ${REPOSITORY}`,
      `good pull ${REPOSITORY}`,
      `good pull ${REPOSITORY}`,
      `good upload ${REPOSITORY}`,
      " pull ",
    ]);
  });
});
