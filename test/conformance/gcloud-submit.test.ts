/** What `gcloud builds submit` sends, recorded: its source goes into the bucket, and the build names it by generation. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { systemClock as clock } from "../../src/adapters/system/system-clock.ts";
import { systemIds as ids } from "../../src/adapters/system/system-ids.ts";
import { registerCloudBuildV1 } from "../../src/cloud/cloud-build-v1/cloud-build-v1.ts";
import { createObjectStore } from "../../src/cloud/storage/object-store.ts";
import { registerStorageV1 } from "../../src/cloud/storage/storage-v1.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import { createBuildWorld } from "../builds/build-world.ts";
import { recordedRequests } from "../builds/recorded-requests.ts";
import { startCloud } from "./run-world.ts";

it("takes every recorded request of a submission, in order", async () => {
  await using world = createBuildWorld();
  const gate = {
    callerOf: async () => ({ kind: "person", name: "ada" }) as const,
    authority: createProjectAuthority(),
  };
  await using cloud = await startCloud((app, directory) => {
    const objects = createObjectStore({
      documents: createMemoryDocuments(),
      directory: join(directory, "o"),
      clock,
      ids,
    });
    registerStorageV1(app, { objects, ...gate });
    registerCloudBuildV1(app, { engine: world.engine, clock, ...gate, serverUrl: () => "http://127.0.0.1" });
  });
  // The recorded project had its bucket already.
  await fetch(`${cloud.url}/storage/v1/b?project=p1`, { method: "POST", body: '{"name":"p1_cloudbuild"}' });
  const answers: Record<string, unknown>[] = [];
  for (const { method, path, query, body, contentType } of recordedRequests("gcloud-submit-requests.json")) {
    const generation = String(answers.at(-1)?.generation ?? "");
    const text =
      typeof body === "string" ? withArchive(body) : JSON.stringify(body).replace("1700000000000000", generation);
    const headers: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
    const sent = method === "GET" ? {} : { body: text };
    const response = await fetch(`${cloud.url}${path}${query}`, { method, headers, ...sent });
    expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} 200`);
    answers.push((await response.json()) as Record<string, unknown>);
  }
  expect(answers.at(1)).toMatchObject({ items: [{ id: "p1_cloudbuild" }] });
  expect(answers.at(2)).toMatchObject({ kind: "storage#object", size: String(ARCHIVE.length) });
  expect(answers.at(3)).toMatchObject({
    name: expect.stringMatching(/operations\//),
    metadata: { build: { source: { storageSource: { generation: answers.at(2)?.generation } }, status: "QUEUED" } },
  });
});

const ARCHIVE = gzipSync("");

/** The body with an archive where the recording has only its size; one character for each byte. */
function withArchive(body: string): Uint8Array<ArrayBuffer> {
  return Buffer.from(body.replace("<202 bytes of gzip data>", ARCHIVE.toString("latin1")), "latin1");
}
