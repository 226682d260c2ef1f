import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROUTES } from "../../src/ports/api/contract.ts";
import type { Route } from "../../src/ports/api/route.ts";
import { MANIFEST, type ServerWorld, startServerWorld, TOKEN } from "./server-world.ts";

/** A path that fits the route's. */
function examplePath(route: Route): string {
  return route.path
    .replace(":release(^[^:/]+)::", "REL-1:")
    .replace(":environment(^[^:/]+)::", "staging:")
    .replace(":person(^[^:/]+)::", "grace:")
    .replace(":release", "REL-1")
    .replace(":environment", "staging")
    .replace(":identity", "deploy")
    .replace(":build", "b-1")
    .replace(":schema", "mobius.schema.json");
}

const routes = Object.entries<Route>(ROUTES).map(([name, route]) => ({ name, route, path: examplePath(route) }));

const bodyFor = (route: Route) => (route.method === "POST" ? { body: {} } : {});

interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly problems: readonly { readonly code: string; readonly fix: string }[];
  };
}

describe("who may call what", () => {
  let server: ServerWorld;
  let step: string;
  let identity: string;
  beforeAll(async () => {
    server = await startServerWorld();
    const build = { build: "b-1", environment: "staging", project: "mobius-staging", email: "b@x" };
    step = await server.identities.issue({ kind: "step", ...build }, 60_000);
    const deploy = { email: "d@x", environment: "staging", project: "mobius-staging" };
    identity = await server.identities.issue({ kind: "identity", ...deploy }, 60_000);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const protectedRoutes = routes.filter(({ route }) => route.permission !== "public");

  it.each(protectedRoutes)("$name refuses a caller without a token, or with a wrong one", async ({ route, path }) => {
    for (const headers of [
      {},
      { authorization: "Bearer wrong" },
      { authorization: TOKEN },
      { cookie: "mobius_session=x" },
    ]) {
      const answer = await server.ask(route.method, path, {
        headers: headers as Record<string, string>,
        ...bodyFor(route),
      });
      expect(answer.status).toBe(401);
      expect((JSON.parse(answer.body) as ErrorBody).error.code).toBe("not-authenticated");
    }
  });

  it.each(protectedRoutes)("$name refuses callers of another kind", async ({ route, path }) => {
    const others = route.permission === "step" ? [TOKEN, identity] : [step, identity];
    for (const token of others) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await server.ask(route.method, path, { headers, ...bodyFor(route) });
      expect(answer.status).toBe(403);
      expect((JSON.parse(answer.body) as ErrorBody).error.code).toBe("not-allowed");
    }
  });

  it.each(routes.filter(({ route }) => route.permission === "public"))(
    "$name answers anybody",
    async ({ route, path }) => {
      expect((await server.ask(route.method, path)).status).toBe(200);
    },
  );

  it("refuses a step whose build belongs to no release", async () => {
    const headers = { authorization: `Bearer ${step}` };
    const answer = await server.ask("POST", "/api/v1/phases", { headers, body: { phase: "migrate" } });
    const last = answer.body.trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ type: "end", ok: false, problem: { code: "build-without-release" } });
  });

  it("answers as a proxy for Google's APIs under their own name there, and for nothing else", async () => {
    const through = (host: string, path: string) =>
      server.ask("GET", `http://${host}${path}`, { headers: { host, authorization: `Bearer ${TOKEN}` } });
    expect((await through("us-central1-run.mobius.internal", "/v1/who")).body).toBe('{"kind":"person"}');
    expect((await through("run.mobius.internal", "/api/v1/releases")).status).toBe(421);
    expect((await through("run.mobius.internal", "/")).status).toBe(421);
    expect((await through("www.example.com", "/v1/who")).status).toBe(421);
    expect((await through("run.mobius.internal.example.com", "/v1/who")).status).toBe(421);
  });

  it("lets people and identities reach the cloud, and steps only where every route asks the authority", async () => {
    const kinds = (path: string) =>
      Promise.all(
        [TOKEN, identity, step].map(async (token) => {
          const answer = await server.ask("GET", path, { headers: { authorization: `Bearer ${token}` } });
          return (JSON.parse(answer.body) as { kind: string }).kind;
        }),
      );
    expect(await kinds("/v1/who")).toEqual(["person", "identity", "nobody"]);
    expect(await kinds("/v1/who-with-steps")).toEqual(["person", "identity", "step"]);
  });

  it("takes no work before it has taken up what an earlier server left", async () => {
    server.readiness.isReady = false;
    try {
      const codes = await Promise.all(
        protectedRoutes.map(async ({ name, route, path }) => {
          const headers = { authorization: `Bearer ${route.permission === "step" ? step : TOKEN}` };
          return [name, (await server.ask(route.method, path, { headers, ...bodyFor(route) })).status];
        }),
      );
      expect(codes.filter(([, status]) => status !== 503)).toEqual([["installation", 200]]);
      expect((await server.ask("GET", "/readyz")).status).toBe(503);
      expect((await server.ask("GET", "/healthz")).status).toBe(200);
    } finally {
      server.readiness.isReady = true;
    }
  });

  it("refuses requests under another name than this machine's", async () => {
    for (const host of ["evil.example.com", "127.0.0.1.evil.example.com", "169.254.169.254"]) {
      const headers = { host, authorization: `Bearer ${TOKEN}` };
      const answer = await server.ask("GET", "/api/v1/releases", { headers });
      expect(answer.status).toBe(421);
      expect(answer.body).not.toContain("REL-");
    }
    expect((await server.ask("GET", "/healthz", { headers: { host: "localhost:7070" } })).status).toBe(200);
  });

  it("lets webhooks come under any name, and nothing that only looks like one", async () => {
    const ask = (method: string, path: string) => server.ask(method, path, { headers: { host: "tunnel.example.com" } });
    const one = "/v1/projects/p-1/locations/global/triggers/t";
    // There is no embedded cloud in this world: 501 comes from beyond the check of the host.
    for (const path of [`${one}:webhook?key=k&secret=s`, "/v1/projects/p-1/triggers/t:webhook"]) {
      expect((await ask("POST", path)).status).toBe(501);
    }
    expect((await ask("POST", "/v1/projects/p-1/githubDotComWebhook:receive")).status).toBe(501);
    expect((await ask("GET", `${one}:webhook?secret=s`)).status).toBe(421);
    for (const path of [
      one,
      `${one}:run`,
      `${one}:webhooks`,
      `/api/v1/releases?x=${one}:webhook`,
      `/x/..${one}:webhook`,
    ]) {
      expect((await ask("POST", path)).status, path).toBe(421);
    }
  });
});

describe("what comes in is checked, and what goes wrong is told", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    server = await startServerWorld();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each([
    ["POST", "/api/v1/plans", {}, 400, "request-invalid"],
    ["POST", "/api/v1/plans", { manifest: "../etc/passwd" }, 400, "request-invalid"],
    ["POST", "/api/v1/plans", { manifest: MANIFEST, unknown: 1 }, 400, "request-invalid"],
    ["POST", "/api/v1/plans", "{not json", 400, "request-invalid"],
    ["POST", "/api/v1/plans", { manifest: "release-manifests/none.yaml" }, 422, "manifest-not-found"],
    ["POST", "/api/v1/plans", { manifest: MANIFEST, environment: "qa" }, 404, "environment-unknown"],
    ["POST", "/api/v1/releases", { manifest: MANIFEST }, 400, "request-invalid"],
    ["POST", "/api/v1/releases/REL-99:cancel", { reason: "x" }, 404, "release-unknown"],
    ["GET", "/api/v1/releases/REL-99", undefined, 404, "release-unknown"],
    ["GET", "/api/v1/releases/REL-99/events", undefined, 404, "release-unknown"],
    ["GET", "/api/v1/environments/qa", undefined, 404, "resource-unknown"],
    ["GET", "/api/v1/builds/none/log", undefined, 404, "resource-unknown"],
    ["GET", "/api/v1/schemas/none", undefined, 404, "resource-unknown"],
    ["DELETE", "/api/v1/releases", undefined, 404, "route-unknown"],
    ["GET", "/nowhere", undefined, 404, "route-unknown"],
  ] as const)("%s %s %o is %i %s", async (...[method, path, body, status, code]) => {
    const answer = await server.asPerson(method, path, body);
    expect([answer.status, (JSON.parse(answer.body) as ErrorBody).error.code]).toEqual([status, code]);
    expect((JSON.parse(answer.body) as ErrorBody).error.problems[0]?.fix).toMatch(/\w/);
  });

  it("refuses a body over the limit without reading it", async () => {
    const answer = await server.asPerson("POST", "/api/v1/plans", { manifestText: "x".repeat(5 * 1024 * 1024) });
    expect([answer.status, (JSON.parse(answer.body) as ErrorBody).error.code]).toEqual([413, "body-too-large"]);
  });

  it("answers Google's methods that are not there as Google does", async () => {
    const answer = await server.asPerson("POST", "/v1/projects/p/locations/global/workerPools?x=1");
    expect(answer.status).toBe(501);
    expect(JSON.parse(answer.body)).toEqual({
      error: {
        code: 501,
        message: "Method not implemented: POST /v1/projects/p/locations/global/workerPools",
        status: "UNIMPLEMENTED",
      },
    });
  });

  it("tells nobody the text of its own faults", async () => {
    const answer = await server.asPerson("GET", "/api/v1/breaks");
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain("a secret detail");
    expect(answer.body).toContain("server-fault");
  });

  it("describes exactly its routes", async () => {
    const { paths } = JSON.parse((await server.ask("GET", "/openapi.json")).body) as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const expected = routes.map(
      ({ route }) =>
        `${route.method} ${route.path
          .replaceAll("(^[^:/]+)", "")
          .replaceAll(/(?<!:):(?=\w)(\w+)/g, "{$1}")
          .replaceAll("::", ":")}`,
    );
    expect(described.sort()).toEqual(expected.sort());
  });
});

describe("a release over HTTP", () => {
  let server: ServerWorld;
  beforeAll(async () => {
    server = await startServerWorld();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it("is one release, however often the request is sent", async () => {
    const body = { manifest: MANIFEST, requestId: "request-1" };
    const first = JSON.parse((await server.asPerson("POST", "/api/v1/releases", body)).body) as {
      release: { id: string };
    };
    const again = JSON.parse((await server.asPerson("POST", "/api/v1/releases", body)).body) as {
      release: { id: string };
    };
    expect(again.release.id).toBe(first.release.id);
    expect(JSON.parse((await server.asPerson("GET", "/api/v1/releases")).body)).toHaveLength(1);
  });

  it("is refused under another plan's digest", async () => {
    const body = { manifest: MANIFEST, requestId: "request-2", plan: `sha256:${"0".repeat(64)}` };
    const answer = await server.asPerson("POST", "/api/v1/releases", body);
    expect([answer.status, (JSON.parse(answer.body) as ErrorBody).error.code]).toEqual([409, "plan-moved"]);
  });

  it("is cancelled with a reason, told from any position, and followed to its end", async () => {
    const cancelled = await server.asPerson("POST", "/api/v1/releases/REL-1:cancel", { reason: "wrong manifest" });
    expect(cancelled.status).toBe(200);
    const whole = await server.asPerson("GET", "/api/v1/releases/REL-1/events");
    const ids = [...whole.body.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    expect(whole.body).toContain("wrong manifest");
    expect(whole.body).toContain('"type":"release-ended"');
    const rest = await server.asPerson("GET", `/api/v1/releases/REL-1/events?after=${ids.length - 1}`);
    expect([...rest.body.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))).toEqual([ids.length]);
    const again = await server.asPerson("POST", "/api/v1/releases/REL-1:cancel", { reason: "again" });
    expect([again.status, (JSON.parse(again.body) as ErrorBody).error.code]).toEqual([409, "release-ended"]);
  });
});
