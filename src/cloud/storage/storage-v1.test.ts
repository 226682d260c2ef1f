import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { instant } from "../../core/values/time.ts";
import { createProjectAuthority } from "../../ports/authority.fake.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import type { Caller } from "../../ports/identities.ts";
import { createObjectStore, type ObjectStore } from "./object-store.ts";
import { registerStorageV1 } from "./storage-v1.ts";

const OBJECT = "source/1.tgz";

describe("storage v1", () => {
  let app: FastifyInstance;
  let objects: ObjectStore;
  let directory: string;
  let caller: Caller | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "mobius-storage-"));
    let count = 0;
    objects = createObjectStore({
      documents: createMemoryDocuments(),
      directory,
      clock: { now: () => instant(1_700_000_000_000 + ++count), monotonicMs: () => 0, sleep: async () => {} },
      ids: { uuid: () => `file-${++count}`, randomHex: () => "0" },
    });
    app = Fastify();
    registerStorageV1(app, { objects, callerOf: async () => caller, authority: createProjectAuthority() });
    caller = { kind: "person", name: "ada" };
    const made = await app.inject({
      method: "POST",
      url: "/storage/v1/b?project=p1",
      payload: { name: "p1_cloudbuild" },
    });
    expect(made.statusCode).toBe(200);
  });
  afterAll(async () => {
    await app.close();
    await rm(directory, { recursive: true });
  });

  const upload = (type: string, body: Buffer | string, contentType: string, name = OBJECT) =>
    app.inject({
      method: "POST",
      url: `/upload/storage/v1/b/p1_cloudbuild/o?uploadType=${type}&name=${encodeURIComponent(name)}`,
      headers: { "content-type": contentType },
      payload: body,
    });

  const stored = async (name = OBJECT) => {
    const object = await objects.object("p1_cloudbuild", name);
    const path = object === undefined ? undefined : await objects.content(object);
    return path === undefined ? undefined : readFile(path);
  };

  /** As gcloud writes it: bare line feeds, the boundary in single quotes. */
  const multipart = (content: Buffer, lineEnd = "\n") =>
    Buffer.concat([
      Buffer.from(
        [
          "--==B==",
          "Content-Type: application/json",
          "",
          '{"size": "5"}',
          "--==B==",
          "Content-Type: application/x-tar",
          "",
          "",
        ].join(lineEnd),
      ),
      content,
      Buffer.from(`${lineEnd}--==B==--${lineEnd}`),
    ]);

  it.each([
    ["as gcloud does", "\n", "multipart/related; boundary='==B=='"],
    ["as the standard says", "\r\n", 'multipart/related; boundary="==B=="'],
  ])("takes a multipart upload byte for byte, %s", async (_how, lineEnd, contentType) => {
    const content = Buffer.from([0x1f, 0x8b, 0x0a, 0x0d, 0x0a, 0x00, 0xff, 0x0a]);
    const answer = await upload("multipart", multipart(content, lineEnd), contentType);
    expect(answer.json()).toMatchObject({
      bucket: "p1_cloudbuild",
      name: OBJECT,
      size: "8",
      generation: expect.stringMatching(/^\d+$/),
    });
    expect(await stored()).toEqual(content);
  });

  it("takes an empty part, and a large one without holding it", async () => {
    expect(
      (await upload("multipart", multipart(Buffer.alloc(0)), "multipart/related; boundary===B==")).json(),
    ).toMatchObject({ size: "0" });
    const large = Buffer.alloc(3 * 1024 * 1024, "y");
    await upload("multipart", multipart(large), "multipart/related; boundary='==B=='");
    expect((await stored())?.equals(large)).toBe(true);
  });

  it("takes simple uploads, and resumable ones in one piece", async () => {
    await upload("media", "hello", "application/octet-stream", "a.txt");
    expect(String(await stored("a.txt"))).toBe("hello");
    const begun = await upload("resumable", "{}", "application/json", "b.txt");
    const put = await app.inject({
      method: "PUT",
      url: String(begun.headers.location),
      payload: "whole",
      headers: { "content-range": "bytes 0-4/5" },
    });
    expect(put.json()).toMatchObject({ name: "b.txt", size: "5" });
    const piece = await app.inject({
      method: "PUT",
      url: String(begun.headers.location),
      payload: "wh",
      headers: { "content-range": "bytes 0-1/5" },
    });
    expect(piece.statusCode).toBe(501);
  });

  it("gives an object a new generation and removes the old content", async () => {
    const first = (await upload("media", "1", "text/plain", "g")).json() as { generation: string };
    const second = (await upload("media", "2", "text/plain", "g")).json() as { generation: string };
    expect(second.generation).not.toBe(first.generation);
    const read = await app.inject({ url: "/storage/v1/b/p1_cloudbuild/o/g" });
    expect(read.json()).toMatchObject({ generation: second.generation, size: "1" });
    expect(await readdir(join(directory, "incoming"))).toEqual([]);
  });

  it("refuses bodies of another form, bad names and taken buckets", async () => {
    expect((await upload("multipart", "no parts", "multipart/related; boundary='==B=='")).statusCode).toBe(400);
    expect((await upload("media", "x", "text/plain", "")).statusCode).toBe(400);
    const bucket = (name: string) => app.inject({ method: "POST", url: "/storage/v1/b?project=p1", payload: { name } });
    expect((await bucket("p1_cloudbuild")).statusCode).toBe(409);
    expect((await bucket("../x")).statusCode).toBe(400);
    expect((await app.inject({ url: "/storage/v1/b/none" })).statusCode).toBe(404);
    expect((await app.inject({ url: "/storage/v1/b/p1_cloudbuild/o/none" })).statusCode).toBe(404);
  });

  it("lets an identity reach the buckets of its own project only, and nobody none", async () => {
    const ask = async () =>
      Promise.all(
        ["/storage/v1/b/p1_cloudbuild", "/storage/v1/b?project=p1", "/storage/v1/b/p1_cloudbuild/o/g"].map(
          async (url) => (await app.inject({ url })).statusCode,
        ),
      );
    try {
      caller = { kind: "identity", email: "d@p1", environment: "staging", project: "p1" };
      expect(await ask()).toEqual([200, 200, 200]);
      caller = { kind: "identity", email: "d@p2", environment: "production", project: "p2" };
      expect(await ask()).toEqual([403, 403, 403]);
      expect((await upload("media", "x", "text/plain")).statusCode).toBe(403);
      caller = undefined;
      expect(await ask()).toEqual([401, 401, 401]);
    } finally {
      caller = { kind: "person", name: "ada" };
    }
  });
});
