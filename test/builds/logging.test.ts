import { join } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { registerCloudBuildV1 } from "../../src/cloud/cloud-build-v1/cloud-build-v1.ts";
import { registerLoggingV2 } from "../../src/cloud/logging-v2/logging-v2.ts";
import type { Build } from "../../src/core/build/state.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import type { Caller } from "../../src/ports/identities.ts";
import { type BuildWorld, createBuildWorld } from "./build-world.ts";
import { gcloudAgainst, HAS_GCLOUD } from "./gcloud-against.ts";

const callers: Readonly<Record<string, Caller>> = {
  "Bearer ada": { kind: "person", name: "ada" },
  "Bearer ci-p2": { kind: "identity", email: "ci@p2.iam", environment: "production", project: "p2" },
};

let world: BuildWorld;
let app: FastifyInstance;
let url: string;
let build: Build;

beforeEach(async () => {
  world = createBuildWorld();
  app = Fastify();
  const { engine, stepLogs: logs } = world;
  const callerOf = async (request: { headers: { authorization?: string | undefined } }) =>
    callers[request.headers.authorization ?? ""];
  registerCloudBuildV1(app, {
    engine,
    clock: systemClock,
    callerOf,
    authority: createProjectAuthority(),
    serverUrl: () => url,
  });
  registerLoggingV2(app, { callerOf, authority: createProjectAuthority(), buildOf: (id) => engine.get(id), logs });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  build = await world.run({ steps: [{ name: "ubuntu", args: ["seq", "1", "120"] }] });
});
afterEach(async () => {
  app.server.closeAllConnections();
  await app.close();
  await world[Symbol.asyncDispose]();
});

async function list(body: object, as = "ada") {
  const headers = { authorization: `Bearer ${as}`, "content-type": "application/json" };
  const response = await fetch(`${url}/v2/entries:list`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

describe("a build's log as Cloud Logging has it", () => {
  const filter = () => `logName="projects/p1/logs/cloudbuild" AND resource.labels.build_id="${build.id}"`;

  it("has an entry for each line, in order and in pages", async () => {
    const texts: string[] = [];
    const times: string[] = [];
    let pageToken: string | undefined;
    do {
      const { body } = await list({ resourceNames: ["projects/p1"], filter: filter(), pageSize: 50, pageToken });
      texts.push(...body.entries.map(({ textPayload }: { textPayload: string }) => textPayload));
      times.push(...body.entries.map(({ timestamp }: { timestamp: string }) => timestamp));
      pageToken = body.nextPageToken;
    } while (pageToken !== undefined);
    expect(`${texts.join("\n")}\n`).toBe(await world.log(build));
    expect([...times].sort()).toEqual(times);
  });

  it("is there for its own project only", async () => {
    const asked = { resourceNames: ["projects/p1"], filter: filter() };
    expect(await list(asked, "nobody")).toMatchObject({ status: 401 });
    expect(await list(asked, "ci-p2")).toMatchObject({ status: 403 });
    expect(await list({ ...asked, resourceNames: ["projects/p2"] }, "ci-p2")).toEqual({ status: 200, body: {} });
    expect(await list({ resourceNames: ["projects/p1"], filter: "severity>=INFO", pageSize: 1 })).toEqual({
      status: 200,
      body: {},
    });
    expect(await list({ ...asked, pageToken: "x" })).toMatchObject({ status: 400 });
  });

  it.skipIf(!HAS_GCLOUD)("is what the real gcloud shows", { timeout: 60_000 }, async () => {
    const apis = ["CLOUDBUILD", "LOGGING"];
    const gcloud = gcloudAgainst({ url, folder: join(world.directory, "gcloud"), apis, token: "ada" });
    const stdout = await gcloud("builds", "log", build.id);
    const said = stdout.split("\n").filter((line) => /^\d+$/.test(line));
    expect(said).toEqual(Array.from({ length: 120 }, (_, at) => String(at + 1)));
    expect(stdout).toContain("DONE");
  });
});
