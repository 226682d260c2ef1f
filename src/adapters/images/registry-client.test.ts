import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../core/values/digest.ts";
import { Secret } from "../../core/values/secret.ts";
import { parseImageReference } from "./image-reference.ts";
import { createRegistryClient, urlOf } from "./registry-client.ts";

/** A registry that answers what the case says, and notes what came. */
let answer: (request: IncomingMessage) => { status: number; headers?: Record<string, string>; body?: string };
let seen: { request: string; authorization: string | undefined; length: string | undefined; body: string }[];
let url = "";

const server = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const { authorization, "content-length": length } = request.headers;
  seen.push({ request: `${request.method} ${request.url}`, authorization, length, body });
  const { status, headers = {}, body: text = "" } = answer(request);
  response.writeHead(status, headers).end(text);
});

beforeEach(async () => {
  seen = [];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const client = () => createRegistryClient({ registryUrl: url, token: new Secret("token") });
const blob = { repository: "gcr.io/p/x", digest: digestOf("content"), sizeBytes: 7 };

async function* content(): AsyncIterable<Uint8Array> {
  yield Buffer.from("con");
  yield Buffer.from("tent");
}

describe("registry client", () => {
  it("asks first, and sends a blob with its length where it is missing", async () => {
    answer = ({ method }) =>
      method === "HEAD"
        ? { status: 404 }
        : method === "POST"
          ? { status: 202, headers: { location: "/upload/1?state=abc" } }
          : { status: 201 };
    await client().pushBlob({ ...blob, content });
    expect(seen).toEqual([
      {
        request: `HEAD /v2/gcr.io/p/x/blobs/${blob.digest}`,
        authorization: "Bearer token",
        length: undefined,
        body: "",
      },
      { request: "POST /v2/gcr.io/p/x/blobs/uploads/", authorization: "Bearer token", length: "0", body: "" },
      {
        request: `PUT /upload/1?state=abc&digest=${encodeURIComponent(blob.digest)}`,
        authorization: "Bearer token",
        length: "7",
        body: "content",
      },
    ]);
  });

  it("does not even read a blob that is there", async () => {
    answer = () => ({ status: 200 });
    const unread = (): AsyncIterable<Uint8Array> => {
      throw new Error("read");
    };
    await client().pushBlob({ ...blob, content: unread });
    expect(seen).toHaveLength(1);
  });

  it("sends nothing where the registry can take the blob from another of its repositories", async () => {
    answer = ({ method }) => (method === "HEAD" ? { status: 404 } : { status: 201 });
    const unread = (): AsyncIterable<Uint8Array> => {
      throw new Error("read");
    };
    await client().pushBlob({ ...blob, content: unread, mountFrom: "gcr.io/q/x" });
    const query = `mount=${encodeURIComponent(blob.digest)}&from=gcr.io%2Fq%2Fx`;
    expect(seen.map(({ request }) => request)).toEqual([
      `HEAD /v2/gcr.io/p/x/blobs/${blob.digest}`,
      `POST /v2/gcr.io/p/x/blobs/uploads/?${query}`,
    ]);
  });

  it("asks no registry to take a blob from another one", async () => {
    answer = ({ method }) =>
      method === "HEAD"
        ? { status: 404 }
        : method === "POST"
          ? { status: 202, headers: { location: "/upload/1" } }
          : { status: 201 };
    const repository = `${new URL(url).host}/p/x`;
    await createRegistryClient({}).pushBlob({ ...blob, repository, content, mountFrom: "gcr.io/q/x" });
    expect(seen[1]?.request).toBe("POST /v2/p/x/blobs/uploads/");
    expect(seen[2]?.body).toBe("content");
  });

  it("shows its token to nobody but the registry", async () => {
    const elsewhere = url.replace("127.0.0.1", "localhost");
    answer = ({ method }) =>
      method === "HEAD"
        ? { status: 404 }
        : method === "POST"
          ? { status: 202, headers: { location: `${elsewhere}/upload` } }
          : { status: 201 };
    await client().pushBlob({ ...blob, content });
    expect(seen.map(({ authorization }) => authorization)).toEqual(["Bearer token", "Bearer token", undefined]);
  });

  it("gets what is public with the token that the registry gives anybody, and keeps it", async () => {
    const challenge = `Bearer realm="${url}/token",service="here",scope="repository:gcr.io/p/x:pull"`;
    answer = ({ url: path = "", headers }) => {
      if (path.startsWith("/token")) return { status: 200, body: '{"token":"for anybody"}' };
      if (headers.authorization === undefined) return { status: 401, headers: { "www-authenticate": challenge } };
      return { status: 200, headers: { "docker-content-digest": blob.digest } };
    };
    const anybody = createRegistryClient({ registryUrl: url });
    expect(await anybody.digest("gcr.io/p/x", "v1")).toBe(blob.digest);
    expect(await anybody.digest("gcr.io/p/x", "v2")).toBe(blob.digest);
    expect(seen.map(({ request, authorization }) => [request, authorization])).toEqual([
      ["HEAD /v2/gcr.io/p/x/manifests/v1", undefined],
      ["GET /token?service=here&scope=repository%3Agcr.io%2Fp%2Fx%3Apull", undefined],
      ["HEAD /v2/gcr.io/p/x/manifests/v1", "Bearer for anybody"],
      ["HEAD /v2/gcr.io/p/x/manifests/v2", "Bearer for anybody"],
    ]);
  });

  it.each(['Basic realm="here"', 'Bearer realm="file:///etc/passwd"', 'Bearer service="here"'])(
    "takes no part in a challenge %s",
    async (challenge) => {
      answer = () => ({ status: 401, headers: { "www-authenticate": challenge }, body: "who are you" });
      await expect(createRegistryClient({ registryUrl: url }).manifest("gcr.io/p/x", "v1")).rejects.toThrow("401");
      expect(seen).toHaveLength(1);
    },
  );

  it("asks for no other token where its own is refused", async () => {
    answer = () => ({ status: 401, headers: { "www-authenticate": `Bearer realm="${url}/token"` } });
    await expect(client().manifest("gcr.io/p/x", "v1")).rejects.toThrow("401");
    expect(seen).toHaveLength(1);
  });

  it("tells a refusal in the registry's words, and never takes it for an absence", async () => {
    answer = () => ({ status: 403, body: '{"errors":[{"code":"DENIED"}]}' });
    await expect(client().manifest("gcr.io/p/x", "v1")).rejects.toThrow("DENIED");
    await expect(client().digest("gcr.io/p/x", "v1")).rejects.toThrow("403");
    answer = () => ({ status: 200 });
    await expect(client().digest("gcr.io/p/x", "v1")).rejects.toThrow("no digest");
  });

  it("refuses a manifest that is another than was asked for, or too long", async () => {
    answer = () => ({ status: 200, body: "other" });
    await expect(client().manifest("gcr.io/p/x", blob.digest)).rejects.toThrow(digestOf("other"));
    answer = () => ({ status: 200, body: "x".repeat(4 * 1024 * 1024 + 1) });
    await expect(client().manifest("gcr.io/p/x", "v1")).rejects.toThrow("more than");
  });

  it("finds repositories at one registry, or each at its own host", () => {
    expect(urlOf({ registryUrl: "http://127.0.0.1:5" }, "gcr.io/p/x", "manifests/v1").href).toBe(
      "http://127.0.0.1:5/v2/gcr.io/p/x/manifests/v1",
    );
    expect(urlOf({}, "gcr.io/p/x", "manifests/v1").href).toBe("https://gcr.io/v2/p/x/manifests/v1");
  });
});

describe("image references", () => {
  const named = digestOf("");
  it.each([
    ["gcr.io/p/x:v1", { repository: "gcr.io/p/x", reference: "v1" }],
    ["gcr.io/p/x", { repository: "gcr.io/p/x", reference: "latest" }],
    ["localhost:5000/p/x:v1", { repository: "localhost:5000/p/x", reference: "v1" }],
    [`gcr.io/p/x@${named}`, { repository: "gcr.io/p/x", reference: named, digest: named }],
    [`gcr.io/p/x:v1@${named}`, { repository: "gcr.io/p/x", reference: named, digest: named }],
  ])("%s", (text, reference) => {
    expect(parseImageReference(text)).toEqual(reference);
  });

  it.each(["", "x", "gcr.io/P/x:v1", "gcr.io/p/../x:v1", "gcr.io/p/x:", "gcr.io/p/x@sha256:1", "gcr.io/p/x?a=b"])(
    "%s is none",
    (text) => {
      expect(() => parseImageReference(text)).toThrow("not a full image reference");
    },
  );
});
