import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { registerCloudBuildV1 } from "../../src/cloud/cloud-build-v1/cloud-build-v1.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import type { Caller } from "../../src/ports/identities.ts";
import { type BuildWorld, createBuildWorld } from "./build-world.ts";
import { recordedRequests } from "./recorded-requests.ts";

let world: BuildWorld;
let app: FastifyInstance;

const callers: Readonly<Record<string, Caller>> = {
  "Bearer ada": { kind: "person", name: "ada" },
  "Bearer ci-p1": { kind: "identity", email: "ci@p1.iam", environment: "staging", project: "p1" },
  "Bearer step-p1": { kind: "step", build: "b", environment: "staging", project: "p1", email: "ci@p1.iam" },
  "Bearer step-p2": { kind: "step", build: "b", environment: "production", project: "p2", email: "ci@p2.iam" },
};

beforeEach(() => {
  world = createBuildWorld();
  app = Fastify();
  registerCloudBuildV1(app, {
    engine: world.engine,
    clock: systemClock,
    authority: createProjectAuthority(),
    callerOf: (request) => callers[request.headers.authorization ?? ""],
    serverUrl: () => "http://127.0.0.1:8321",
  });
});

afterEach(async () => {
  await app.close();
  await world[Symbol.asyncDispose]();
});

async function call(method: "GET" | "POST" | "PATCH", url: string, body?: unknown, as = "ada") {
  const authorization = `Bearer ${as}`;
  const payload =
    body === undefined
      ? {}
      : { payload: JSON.stringify(body), headers: { authorization, "content-type": "application/json" } };
  const response = await app.inject({ method, url, headers: { authorization }, ...payload });
  return { status: response.statusCode, body: response.json() };
}

const GLOBAL = "/v1/projects/p1/locations/global/builds";
const QUICK = { steps: [{ name: "ubuntu", args: ["true"] }], tags: ["t"] };
const SLOW = { steps: [{ name: "ubuntu", args: ["sleep", "60"] }] };

async function create(body: unknown, url = GLOBAL) {
  const created = await call("POST", url, body);
  expect(created.status).toBe(200);
  return created.body as { name: string; metadata: { build: Record<string, unknown> & { id: string } } };
}

describe("Cloud Build v1", () => {
  it("runs a build from create to a done operation and a whole build", async () => {
    const account = "projects/p1/serviceAccounts/ci@p1.iam.gserviceaccount.com";
    const operation = await create({
      ...QUICK,
      steps: [{ name: "ubuntu", args: ["echo", "$_X", "$PROJECT_ID"] }],
      substitutions: { _X: "x" },
      serviceAccount: account,
      options: { logging: 5, machineType: 5 },
    });
    const { id } = operation.metadata.build;
    expect(operation.name).toBe(`operations/build/p1/${Buffer.from(id).toString("base64url")}`);
    const waited = await call("POST", `/v1/${operation.name}:wait`, { timeout: "10s" });
    expect(waited.body).toMatchObject({
      done: true,
      response: { "@type": "type.googleapis.com/google.devtools.cloudbuild.v1.Build", id, status: "SUCCESS" },
    });
    expect((await call("GET", `/v1/${operation.name}`)).body).toEqual(waited.body);
    const { body } = await call("GET", `${GLOBAL}/${id}?alt=json`);
    expect(body).toMatchObject({
      name: `projects/p1/locations/global/builds/${id}`,
      projectId: "p1",
      status: "SUCCESS",
      steps: [{ name: "ubuntu", args: ["echo", "x", "p1"], status: "SUCCESS" }],
      substitutions: { _X: "x" },
      serviceAccount: account,
      options: { logging: "CLOUD_LOGGING_ONLY", machineType: "E2_HIGHCPU_8" },
      logUrl: `http://127.0.0.1:8321/builds/${id}`,
      timeout: "3600s",
      queueTtl: "3600s",
    });
    expect((await call("GET", `/v1/projects/p1/builds/${id}`)).body).toEqual(body);
  });

  it("keeps regional builds at their region, also when the place comes in the query", async () => {
    const regional = await create(QUICK, "/v1/projects/p1/locations/europe-west1/builds");
    const byQuery = await create(QUICK, "/v1/projects/p1/builds?parent=projects/p1/locations/europe-west1");
    expect(regional.name).toMatch(/^projects\/p1\/locations\/europe-west1\/operations\//);
    expect(byQuery.name).toMatch(/^projects\/p1\/locations\/europe-west1\/operations\//);
    expect((await call("GET", `/v1/${regional.name}`)).status).toBe(200);
    const { id } = regional.metadata.build;
    expect((await call("GET", `/v1/projects/p1/locations/europe-west2/builds/${id}`)).status).toBe(404);
    const listed = await call("GET", "/v1/projects/p1/locations/europe-west1/builds");
    expect(listed.body.builds).toHaveLength(2);
  });

  it("shows a failed build as an operation with an error, with Cloud Build's sentence", async () => {
    const operation = await create({ steps: [{ name: "ubuntu", args: ["sh", "-c", "exit 3"] }] });
    const { body } = await call("POST", `/v1/${operation.name}:wait`, {});
    const detail = 'Build step failure: build step 0 "ubuntu" failed: step exited with non-zero status: 3';
    expect(body).toMatchObject({ done: true, error: { code: 2, message: detail } });
    expect(body.metadata.build).toMatchObject({
      status: "FAILURE",
      statusDetail: detail,
      failureInfo: { type: "USER_BUILD_STEP", detail },
      steps: [{ status: "FAILURE", exitCode: 3 }],
    });
  });

  it("cancels once, by build or by operation", async () => {
    const first = await create(SLOW);
    const path = `${GLOBAL}/${first.metadata.build.id}`;
    expect((await call("POST", `${path}:cancel`, {})).body.id).toBe(first.metadata.build.id);
    await call("POST", `/v1/${first.name}:wait`, {});
    expect((await call("GET", path)).body.status).toBe("CANCELLED");
    expect(await call("POST", `${path}:cancel`, {})).toMatchObject({
      status: 400,
      body: { error: { status: "FAILED_PRECONDITION" } },
    });
    const second = await create(SLOW);
    expect(await call("POST", `/v1/${second.name}:cancel`, {})).toEqual({ status: 200, body: {} });
    expect((await call("POST", `/v1/${second.name}:wait`, {})).body.error.code).toBe(1);
  });

  it("lists newest first, filtered and in pages", async () => {
    const ids: string[] = [];
    for (const tags of [["a"], ["a", "b"], ["b"]]) ids.push((await create({ ...QUICK, tags })).metadata.build.id);
    const list = async (query: string) => {
      const { body } = await call("GET", `${GLOBAL}?${query}`);
      return { ids: (body.builds ?? []).map((build: { id: string }) => build.id), next: body.nextPageToken };
    };
    const newest = [...ids].reverse();
    expect(await list("")).toEqual({ ids: newest, next: undefined });
    expect(await list("pageSize=2")).toEqual({ ids: newest.slice(0, 2), next: "2" });
    expect(await list("pageSize=2&pageToken=2")).toEqual({ ids: newest.slice(2), next: undefined });
    expect((await list(`filter=${encodeURIComponent('tags="a"')}`)).ids).toEqual([ids[1], ids[0]]);
    for (const id of ids) await world.engine.ended(id, AbortSignal.timeout(10_000));
    expect(
      (await list(`filter=${encodeURIComponent('(status="WORKING" OR status="QUEUED") AND tags="a"')}`)).ids,
    ).toEqual([]);
    expect((await call("GET", `${GLOBAL}?filter=foo%3D1`)).body.error.status).toBe("INVALID_ARGUMENT");
  });

  it("answers what Cloud Build refuses in its words and body", async () => {
    const refused = await call("POST", GLOBAL, { steps: [{ name: "ubuntu", args: ["$MANIFEST_PATH"] }] });
    const message = `invalid value for 'build.substitutions': key in the template "MANIFEST_PATH" is not a valid built-in substitution`;
    expect(refused).toEqual({
      status: 400,
      body: {
        error: {
          code: 400,
          message,
          status: "INVALID_ARGUMENT",
          details: [
            { "@type": "type.googleapis.com/google.rpc.DebugInfo", detail: `generic::invalid_argument: ${message}` },
          ],
        },
      },
    });
    for (const body of [{ steps: [], extra: 1 }, { steps: [{ name: "a", args: "x" }] }, [], { steps: [] }]) {
      expect(await call("POST", GLOBAL, body)).toMatchObject({
        status: 400,
        body: { error: { status: "INVALID_ARGUMENT" } },
      });
    }
    expect(await call("GET", `${GLOBAL}/nope`)).toMatchObject({
      status: 404,
      body: { error: { status: "NOT_FOUND" } },
    });
    expect((await call("GET", "/v1/operations/build/p1/bm9wZQ")).status).toBe(404);
  });

  it("knows no other verb of a build", async () => {
    expect((await app.inject({ method: "POST", url: `${GLOBAL}/b-1:explode` })).statusCode).toBe(404);
  });
});

describe("retry", () => {
  it("is a new build of what was asked for, its own id included", async () => {
    const steps = [{ name: "ubuntu", args: ["sh", "-c", "echo $BUILD_ID $_X"] }];
    const first = (await create({ steps, substitutions: { _X: "x" } })).metadata.build;
    await world.engine.ended(first.id, AbortSignal.timeout(15_000));
    const again = await call("POST", `${GLOBAL}/${first.id}:retry`, {});
    expect(again).toMatchObject({ status: 200, body: { metadata: { build: { substitutions: { _X: "x" } } } } });
    const { id } = again.body.metadata.build;
    expect(id).not.toBe(first.id);
    const build = await world.engine.ended(id, AbortSignal.timeout(15_000));
    expect(build?.config.steps[0]?.args?.[2]).toBe(`echo ${id} x`);
  });
});

describe("approval", () => {
  const waiting = async () => {
    const trigger = { id: "t-1", builtIns: { COMMIT_SHA: "c0ffee" }, needsApproval: true };
    const config = { steps: [{ name: "ubuntu", args: ["true", "$COMMIT_SHA"] }] };
    const submission = { project: "p1", location: "global", config, actor: actorId("person", "ada"), trigger };
    const submitted = await world.engine.submit(submission);
    if (!submitted.ok) throw new Error(submitted.error.message);
    return submitted.value.id;
  };
  const decide = (id: string, decision: string | number, as = "ada") =>
    call("POST", `${GLOBAL}/${id}:approve`, { approvalResult: { decision, comment: "looked at" } }, as);

  it("lets a build begin, and keeps who said so", async () => {
    const id = await waiting();
    expect((await call("GET", `${GLOBAL}/${id}`)).body).toMatchObject({
      status: "PENDING",
      buildTriggerId: "t-1",
      substitutions: { COMMIT_SHA: "c0ffee" },
      approval: { state: "PENDING", config: { approvalRequired: true } },
    });
    expect(await decide(id, "MAYBE")).toMatchObject({ status: 400, body: { error: { status: "INVALID_ARGUMENT" } } });
    expect((await decide(id, "APPROVED")).body.name).toMatch(/^operations\/build\/p1\//);
    await world.engine.ended(id, AbortSignal.timeout(15_000));
    const { body } = await call("GET", `${GLOBAL}/${id}`);
    expect(body).toMatchObject({
      status: "SUCCESS",
      approval: { state: "APPROVED", result: { approverAccount: "ada", decision: "APPROVED", comment: "looked at" } },
    });
    expect(await decide(id, "REJECTED")).toMatchObject({
      status: 400,
      body: { error: { status: "FAILED_PRECONDITION", message: `build ${id} does not wait for an approval` } },
    });
  });

  it("that is refused ends the build before it began, and so does a cancel", async () => {
    const rejected = await waiting();
    await decide(rejected, 2);
    await world.engine.ended(rejected, AbortSignal.timeout(15_000));
    const { body } = await call("GET", `${GLOBAL}/${rejected}`);
    expect(body).toMatchObject({ status: "CANCELLED", approval: { state: "REJECTED" } });
    expect(body.startTime).toBeUndefined();
    const cancelled = await waiting();
    await call("POST", `${GLOBAL}/${cancelled}:cancel`, {});
    await world.engine.ended(cancelled, AbortSignal.timeout(15_000));
    expect((await call("GET", `${GLOBAL}/${cancelled}`)).body).toMatchObject({
      status: "CANCELLED",
      approval: { state: "CANCELLED" },
    });
  });

  it("is no build's own to give", async () => {
    const id = await waiting();
    expect(await decide(id, "APPROVED", "step-p1")).toMatchObject({
      status: 403,
      body: {
        error: {
          message: `Permission 'cloudbuild.builds.approve' denied on resource 'projects/p1/locations/global/builds/${id}' (or it may not exist).`,
          status: "PERMISSION_DENIED",
          details: [{ reason: "IAM_PERMISSION_DENIED", metadata: { permission: "cloudbuild.builds.approve" } }],
        },
      },
    });
  });
});

describe("who may do what", () => {
  it("nobody without a token, nobody in another project, persons everywhere", async () => {
    const { name, metadata } = await create(QUICK);
    const routes = [
      ["POST", GLOBAL, QUICK],
      ["GET", GLOBAL],
      ["GET", `${GLOBAL}/${metadata.build.id}`],
      ["POST", `${GLOBAL}/${metadata.build.id}:cancel`, {}],
      ["POST", `${GLOBAL}/${metadata.build.id}:retry`, {}],
      ["GET", "/v1/projects/p1/locations/global/builds"],
      ["GET", `/v1/${name}`],
      ["POST", `/v1/${name}:cancel`, {}],
      ["POST", `/v1/${name}:wait`, {}],
    ] as const;
    for (const [method, path, body] of routes) {
      expect(await call(method, path, body, "stranger")).toMatchObject({
        status: 401,
        body: { error: { status: "UNAUTHENTICATED" } },
      });
      expect(await call(method, path, body, "step-p2")).toMatchObject({
        status: 403,
        body: { error: { status: "PERMISSION_DENIED" } },
      });
    }
    expect((await call("GET", GLOBAL, undefined, "ci-p1")).status).toBe(200);
  });

  it("an identity of one project never starts a build as another's account", async () => {
    const foreign = { ...QUICK, serviceAccount: "projects/p2/serviceAccounts/x@p2.iam", options: { logging: "NONE" } };
    const answer = await call("POST", GLOBAL, foreign, "ci-p1");
    expect(answer).toMatchObject({ status: 403, body: { error: { status: "PERMISSION_DENIED" } } });
    expect(answer.body.error.message).toContain("iam.serviceaccounts.actAs");
  });
});

describe("recorded requests of real clients", () => {
  it.each(recordedRequests("recorded-requests.json"))(
    "$client: $method $path",
    async ({ method, path, query, body }) => {
      const answer = await call(method, path + query, body ?? undefined);
      // Ids in the recordings are of builds that this server never had; `_FAIL` and an empty list break Cloud Build's rules.
      const isInvalid = method === "POST" && /_FAIL|"steps":\[\]/.test(JSON.stringify(body));
      const isKnown = !/4000-8000|MDAwMDAw|nope/.test(path);
      expect(answer.status, JSON.stringify(answer.body)).toBe(isInvalid ? 400 : isKnown ? 200 : 404);
      if (isKnown && method === "POST" && answer.status === 200)
        expect(answer.body.metadata.build.id).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});
