import fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { crc32c } from "../../core/values/crc32c.ts";
import { instant } from "../../core/values/time.ts";
import { createProjectAuthority } from "../../ports/authority.fake.ts";
import type { Clock } from "../../ports/clock.ts";
import { createMemoryDocuments } from "../../ports/documents.fake.ts";
import type { Documents } from "../../ports/documents.ts";
import type { Caller } from "../../ports/identities.ts";
import { registerSecretManagerV1 } from "./secret-manager-v1.ts";
import { createSecretStore, type SecretStore } from "./secret-store.ts";

const clock: Clock = { now: () => instant(1_800_000_000_000), monotonicMs: () => 0, sleep: async () => {} };
const KEY = new Uint8Array(32).fill(9);
const deploy: Caller = { kind: "identity", email: "deploy@p1", environment: "staging", project: "p1" };

let app: FastifyInstance;
let documents: Documents;
let store: SecretStore;
let caller: Caller | undefined;

beforeEach(async () => {
  documents = createMemoryDocuments();
  store = createSecretStore({ documents, encryptionKey: KEY, clock });
  caller = deploy;
  app = fastify();
  registerSecretManagerV1(app, { secrets: store, callerOf: async () => caller, authority: createProjectAuthority() });
  await app.ready();
});
afterEach(async () => {
  await app.close();
});

async function call(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object) {
  const response = await app.inject({ method, url: path, ...(body === undefined ? {} : { payload: body }) });
  return { status: response.statusCode, body: response.json() };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const add = (text: string, secret = "s") =>
  call("POST", `/v1/projects/p1/secrets/${secret}:addVersion`, { payload: { data: base64(text) } });
const create = (secret = "s") =>
  call("POST", `/v1/projects/p1/secrets?secretId=${secret}&$alt=json%3Benum-encoding=int`, {
    labels: {},
    versionAliases: {},
    annotations: {},
    tags: {},
    replication: { automatic: {} },
  });

describe("Secret Manager v1", () => {
  it("answers what Google's clients sent and expected", async () => {
    expect(await create()).toEqual({
      status: 200,
      body: {
        name: "projects/p1/secrets/s",
        createTime: "2027-01-15T08:00:00.000Z",
        labels: {},
        annotations: {},
        replication: { automatic: {} },
        etag: expect.stringMatching(/^"[0-9a-f]{16}"$/),
      },
    });
    const added = await call("POST", "/v1/projects/p1/secrets/s:addVersion", {
      payload: { data: "aHVudGVyMg==", dataCrc32c: "1736498283" },
    });
    expect(added.body).toMatchObject({
      name: "projects/p1/secrets/s/versions/1",
      state: "ENABLED",
      clientSpecifiedPayloadChecksum: true,
    });
    expect(await call("GET", "/v1/projects/p1/secrets/s/versions/latest:access")).toEqual({
      status: 200,
      body: {
        name: "projects/p1/secrets/s/versions/1",
        payload: { data: "aHVudGVyMg==", dataCrc32c: "1736498283" },
      },
    });
    expect(await call("GET", "/v1/projects/p1/secrets/zz/versions/latest:access")).toEqual({
      status: 404,
      body: {
        error: {
          code: 404,
          message: "Secret [projects/p1/secrets/zz] not found or has no versions.",
          status: "NOT_FOUND",
        },
      },
    });
  });

  it("keeps bytes that are no text", async () => {
    await create();
    const bytes = Buffer.from([0, 255, 128, 10]);
    const payload = { data: bytes.toString("base64"), dataCrc32c: String(crc32c(bytes)) };
    await call("POST", "/v1/projects/p1/secrets/s:addVersion", { payload });
    const { body } = await call("GET", "/v1/projects/p1/secrets/s/versions/1:access");
    expect(body.payload).toEqual(payload);
    await expect(store.access("p1", "s", "1")).rejects.toThrow("UTF-8");
  });

  it("gives Cloud Run the exact text of an enabled version", async () => {
    await create();
    await add("p$w@rd, \n");
    expect((await store.access("p1", "s", "latest"))?.reveal()).toBe("p$w@rd, \n");
    expect(await store.access("p1", "s", "2")).toBeUndefined();
    expect(await store.access("p2", "s", "1")).toBeUndefined();
  });

  it("writes no value and no key into a document, in any spelling", async () => {
    await create();
    const value = "a very secret value\n";
    await add(value);
    const kept = [
      ...(await documents.list({ collection: "secrets", prefix: "", limit: 100 })),
      ...(await documents.list({ collection: "secret-versions", prefix: "", limit: 100 })),
    ];
    expect(kept).toHaveLength(2);
    const text = JSON.stringify(kept);
    for (const bytes of [Buffer.from(value), Buffer.from(KEY)]) {
      for (const encoding of ["utf8", "hex", "base64", "base64url"] as const) {
        expect(text).not.toContain(bytes.toString(encoding).replaceAll("\n", "\\n").replace(/=+$/, ""));
      }
    }
  });

  it("opens no value under another name or with another key", async () => {
    await create("a");
    await create("b");
    await add("of a", "a");
    await add("of b", "b");
    const [a, b] = await documents.list<{ sealed: unknown }>({ collection: "secret-versions", prefix: "", limit: 2 });
    await documents.put("secret-versions", b?.key ?? "", { ...b?.value, sealed: a?.value.sealed }, b?.version ?? 0);
    const moved = await call("GET", "/v1/projects/p1/secrets/b/versions/1:access");
    expect(moved).toEqual({
      status: 500,
      body: { error: { code: 500, message: "Internal error.", status: "INTERNAL" } },
    });
    const other = createSecretStore({ documents, encryptionKey: new Uint8Array(32).fill(1), clock });
    await expect(other.access("p1", "a", "1")).rejects.toThrow("another installation");
  });

  it("lists newest first, by pages and by state", async () => {
    await create();
    for (let count = 1; count <= 12; count++) await add(`value ${count}`);
    await call("POST", "/v1/projects/p1/secrets/s/versions/12:disable", {});
    const names = (body: { versions: { name: string }[] }) => body.versions.map(({ name }) => name.split("/").at(-1));
    const first = await call("GET", "/v1/projects/p1/secrets/s/versions?pageSize=5");
    expect(names(first.body)).toEqual(["12", "11", "10", "9", "8"]);
    const second = await call(
      "GET",
      `/v1/projects/p1/secrets/s/versions?pageSize=7&pageToken=${first.body.nextPageToken}`,
    );
    expect(names(second.body)).toEqual(["7", "6", "5", "4", "3", "2", "1"]);
    expect(second.body.nextPageToken).toBeUndefined();
    const enabled = await call("GET", "/v1/projects/p1/secrets/s/versions?filter=state:ENABLED&pageSize=1");
    expect(names(enabled.body)).toEqual(["11"]);
    await create("a");
    expect((await call("GET", "/v1/projects/p1/secrets?pageSize=1")).body).toMatchObject({
      secrets: [{ name: "projects/p1/secrets/a" }],
      nextPageToken: "a",
    });
    expect((await call("GET", "/v1/projects/p1/secrets/s")).body).toMatchObject({ name: "projects/p1/secrets/s" });
  });

  it("disables, enables and destroys; the newest stays latest, and destroyed is for ever", async () => {
    await create();
    await add("one");
    await add("two");
    const path = "/v1/projects/p1/secrets/s/versions/2";
    expect((await call("POST", `${path}:disable`, {})).body).toMatchObject({ state: "DISABLED" });
    expect(await call("GET", "/v1/projects/p1/secrets/s/versions/latest:access")).toMatchObject({
      status: 400,
      body: {
        error: {
          status: "FAILED_PRECONDITION",
          message: "Secret Version [projects/p1/secrets/s/versions/2] is in DISABLED state.",
        },
      },
    });
    expect((await call("POST", `${path}:enable`, {})).body).toMatchObject({ state: "ENABLED" });
    expect((await call("GET", `${path}:access`)).status).toBe(200);
    expect((await call("POST", `${path}:destroy`, {})).body).toMatchObject({ state: "DESTROYED" });
    const [kept] = await documents.list({ collection: "secret-versions", prefix: "", limit: 1 });
    expect(kept?.value).not.toHaveProperty("sealed");
    expect((await call("POST", `${path}:enable`, {})).body.error.status).toBe("FAILED_PRECONDITION");
    expect((await call("GET", path)).body).toMatchObject({ state: "DESTROYED" });
    expect((await add("three")).body.name).toMatch(/\/3$/);
  });

  it("finds the newest enabled version behind many disabled ones", async () => {
    await create();
    for (let count = 1; count <= 120; count++) await add(`value ${count}`);
    for (let count = 2; count <= 120; count++) {
      await store.setState({ project: "p1", secret: "s", version: String(count) }, "DISABLED");
    }
    const { body } = await call("GET", "/v1/projects/p1/secrets/s/versions?filter=state:ENABLED&pageSize=1");
    expect(body.versions).toMatchObject([{ name: "projects/p1/secrets/s/versions/1" }]);
    expect(body.nextPageToken).toBeUndefined();
    const all = await call("GET", "/v1/projects/p1/secrets/s/versions");
    expect(all.body.versions).toHaveLength(120);
  });

  it("says that an operation is not there", async () => {
    await create();
    for (const [method, path, operation] of [
      ["DELETE", "/v1/projects/p1/secrets/s", "secrets.delete"],
      ["PATCH", "/v1/projects/p1/secrets/s", "secrets.patch"],
      ["GET", "/v1/projects/p1/secrets/s:getIamPolicy", "secrets.getIamPolicy"],
      ["POST", "/v1/projects/p1/secrets/s:setIamPolicy", "secrets.setIamPolicy"],
    ] as const) {
      const { status, body } = await call(method, path);
      expect([status, body.error.status]).toEqual([501, "UNIMPLEMENTED"]);
      expect(body.error.message).toContain(operation);
    }
  });

  it("gives writers at the same time a number each", async () => {
    await create();
    const added = await Promise.all(Array.from({ length: 10 }, (_, index) => add(`value ${index}`)));
    expect(new Set(added.map(({ body }) => body.name)).size).toBe(10);
  });

  it.each([
    [
      "a wrong checksum",
      "/v1/projects/p1/secrets/s:addVersion",
      { payload: { data: "aHVudGVyMg==", dataCrc32c: "1" } },
      400,
    ],
    ["no payload", "/v1/projects/p1/secrets/s:addVersion", {}, 400],
    ["what is no base64", "/v1/projects/p1/secrets/s:addVersion", { payload: { data: "%" } }, 400],
    [
      "more than 64 KiB",
      "/v1/projects/p1/secrets/s:addVersion",
      { payload: { data: base64("x".repeat(65_537)) } },
      400,
    ],
    ["a version of no secret", "/v1/projects/p1/secrets/none:addVersion", { payload: { data: "" } }, 404],
    ["a name that is taken", "/v1/projects/p1/secrets?secretId=s", {}, 409],
    ["a name that cannot be", "/v1/projects/p1/secrets?secretId=a/b", {}, 400],
    ["no name", "/v1/projects/p1/secrets", {}, 400],
  ])("refuses %s", async (_, path, body, status) => {
    await create();
    const answer = await call("POST", path, body);
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toBe(status);
    expect(JSON.stringify(answer.body)).not.toContain("aHVudGVyMg");
  });

  it("lets an identity reach its own project only, a person all, and nobody else any", async () => {
    await create();
    await add("value");
    const path = "/v1/projects/p1/secrets/s/versions/latest:access";
    caller = { kind: "step", build: "b", environment: "production", project: "p2", email: "build@p2" };
    expect(await call("GET", path)).toMatchObject({ status: 403, body: { error: { status: "PERMISSION_DENIED" } } });
    expect((await add("other")).status).toBe(403);
    caller = undefined;
    expect(await call("GET", path)).toMatchObject({ status: 401, body: { error: { status: "UNAUTHENTICATED" } } });
    caller = { kind: "person", name: "ada" };
    expect((await call("GET", path)).status).toBe(200);
  });
});
