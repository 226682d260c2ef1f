import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { createSupervisors } from "../../src/adapters/executors/supervisors.ts";
import { createServices } from "../../src/adapters/google/services.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createRunCloud } from "../../src/cloud/run/run-cloud.ts";
import { registerRunV2 } from "../../src/cloud/run/run-v2.ts";
import { present } from "../../src/core/values/assert.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { createProjectAuthority } from "../../src/ports/authority.fake.ts";
import { createMemoryDocuments } from "../../src/ports/documents.fake.ts";
import { describeServices, FAULT, type ServicesHarness } from "../../src/ports/services.contract.ts";
import { createMemoryServices } from "../../src/ports/services.fake.ts";
import type { RevisionTemplate } from "../../src/ports/services.ts";

const SUPERVISOR = resolve(import.meta.dirname, "../../src/main/supervisor.ts");
const PROJECT = "mobius-staging";
const REGION = "europe-west1";
const DIGEST = `sha256:${"a".repeat(64)}`;

const PROGRAM = `
import { createServer } from "node:http";
const [mode] = process.argv.slice(2);
let aborted = 0;
if (mode === "ends") { console.log(${JSON.stringify(FAULT)}); process.exit(3); }
if (mode === "hangs") { console.log("waiting for the database"); setInterval(() => {}, 1000); }
else createServer((request, response) => {
  if (request.url === "/env") return response.end(JSON.stringify(process.env));
  if (request.url === "/pids") return response.end(JSON.stringify({ supervisor: process.ppid, pid: process.pid }));
  if (request.url === "/aborted") return response.end(String(aborted));
  if (request.url === "/endless") return response.on("close", () => { aborted += 1; }).write("first");
  if (request.url === "/crash") process.exit(1);
  if (request.url === "/slow") return setTimeout(() => response.end(process.env.K_REVISION), 700);
  request.pipe(response, { end: false });
  request.on("end", () => response.end(process.env.K_REVISION));
}).on("upgrade", (request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nupgrade: echo\\r\\nconnection: upgrade\\r\\n\\r\\n");
  socket.pipe(socket);
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

function template(mode: "answers" | "ends" | "hangs"): RevisionTemplate {
  return {
    image: `gcr.io/${PROJECT}/api@${DIGEST}`,
    command: [],
    args: [mode],
    port: 8_080,
    env: { GREETING: { kind: "plain", value: "hello" }, KEY: { kind: "secret", secret: "api-key", version: "1" } },
    memory: "512Mi",
    cpu: 1,
    cpuThrottling: true,
    minInstances: 0,
    maxInstances: 3,
    concurrency: 80,
    timeoutSeconds: 300,
    serviceAccount: `api@${PROJECT}.iam.gserviceaccount.com`,
    cloudsqlInstances: [],
    startup: { path: "/", withinSeconds: 10 },
  };
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url);
  return response.ok ? await response.text() : String(response.status);
}

/** The embedded cloud with real processes; `restart` makes a new one on what the first kept. */
async function startWorld() {
  const directory = await mkdtemp(join(tmpdir(), "mobius-run-"));
  await writeFile(join(directory, "program.mjs"), PROGRAM);
  const documents = createMemoryDocuments();
  const installationId = `run${directory.slice(-6)}`;
  const supervisors = createSupervisors({
    installationId,
    nodePath: process.execPath,
    supervisorScript: SUPERVISOR,
    clock: systemClock,
  });
  const makeCloud = () =>
    createRunCloud({
      documents,
      openSupervisor: () => supervisors.open({ name: "instances", directory: join(directory, "exits") }),
      unpackImage: async (reference) => {
        if (!reference.endsWith(DIGEST)) throw new Error(`no image ${reference}`);
        const env = { FROM_IMAGE: "yes" };
        return { directory, command: ["node", "program.mjs"], env, workingDirectory: directory };
      },
      accessSecret: async ({ secret }) => (secret === "api-key" ? new Secret("s3cret-value") : "unknown"),
      clock: systemClock,
      ids: systemIds,
      directory: join(directory, "instances"),
      path: `${dirname(process.execPath)}:/usr/bin:/bin`,
    });
  let run = makeCloud();
  const world = { beforePatch: async () => {} };
  const app = fastify();
  app.addHook("preHandler", async (request) => {
    if (request.method === "PATCH") await world.beforePatch();
  });
  // The routes look the cloud up anew with each call, so that a restart replaces it.
  const current = new Proxy(run, { get: (_, name) => Reflect.get(run, name) });
  const resources = (name: "services" | "jobs" | "operations") =>
    new Proxy(run[name], { get: (_, m) => Reflect.get(run[name], m) });
  registerRunV2(app, {
    authority: createProjectAuthority(),
    run: Object.assign(Object.create(current), {
      services: resources("services"),
      jobs: resources("jobs"),
      operations: resources("operations"),
    }),
    callerOf: (request) => {
      const token = request.headers.authorization?.replace("Bearer ", "");
      if (token === "person") return { kind: "person", name: "root" };
      if (token !== "token" && token !== "other") return undefined;
      const project = token === "token" ? PROJECT : "mobius-production";
      return { kind: "identity", email: `deploy@${project}`, environment: "staging", project };
    },
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const services = createServices({
    endpoint: { kind: "embedded", url, token: new Secret("token"), project: PROJECT },
    project: PROJECT,
    region: REGION,
    addressOf: (service, tag) => run.addressOf(PROJECT, REGION, service, tag),
    clock: systemClock,
  });
  const deploy = (revision: string, more: Partial<Parameters<typeof services.deploy>[0]> = {}) =>
    services.deploy({
      service: "api",
      revision,
      template: template("answers"),
      labels: {},
      traffic: [{ revision, percent: 100 }],
      deadlineMs: 20_000,
      ...more,
    });
  return Object.assign(world, {
    services,
    url,
    deploy,
    directory,
    documents,
    cloud: () => run,
    meddleBeforeWrite(service: string) {
      world.beforePatch = async () => {
        world.beforePatch = async () => {};
        const change = { body: { labels: { by: "hand" } }, mask: "labels", validateOnly: false, caller: "other" };
        const place = { project: PROJECT, location: REGION, service };
        expect((await run.services.patch(place, { ...change, allowMissing: false })).ok).toBe(true);
      };
    },
    async restart(meanwhile = async () => {}) {
      await run.close();
      await meanwhile();
      run = makeCloud();
      await run.start();
    },
    revisionsOf: async (service: string) =>
      (await run.services.listRevisions({ project: PROJECT, location: REGION, service })).map((revision) =>
        present(String(revision.name).split("/").at(-1), "name"),
      ),
    async [Symbol.asyncDispose]() {
      await run.close();
      await app.close();
      await rm(directory, { recursive: true, force: true });
    },
  });
}

describeServices("memory", async (): Promise<ServicesHarness> => {
  const services = createMemoryServices(({ args }) => (args.includes("ends") ? `its log: ${FAULT}` : undefined));
  return {
    services,
    template,
    ask: async (url) => services.answering(url) ?? "503",
    revisionsOf: async (service) => services.revisionsOf(service),
    meddleBeforeWrite: (service) => services.meddleBeforeWrite(service),
    restart: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
});

describeServices("embedded cloud", async (): Promise<ServicesHarness> => {
  const world = await startWorld();
  return { ...world, template, ask };
});

describe("embedded cloud run", () => {
  it("gives an instance exactly its environment", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const env = JSON.parse(await ask(`${await world.services.address("api")}/env`)) as Record<string, string>;
    // The supervisor adds its marks, by which strays are found, and the working directory.
    const { PORT, HOME, PATH, PWD: _, MOBIUS_PROCESS_MARK: __, MOBIUS_PROCESS_OWNER: ___, ...rest } = env;
    expect(rest).toEqual({
      FROM_IMAGE: "yes",
      GREETING: "hello",
      KEY: "s3cret-value",
      K_SERVICE: "api",
      K_REVISION: "api-one",
      K_CONFIGURATION: "api",
    });
    expect(PATH).toContain("/usr/bin");
    expect(HOME).toContain(join(world.directory, "instances", "homes", "home-"));
    expect(Number(PORT)).toBeGreaterThan(1_024);
  });

  it("starts what is always on by itself after a restart, and the rest with the first request", async () => {
    await using world = await startWorld();
    await world.deploy("api-one", { template: { ...template("answers"), minInstances: 1 } });
    await world.deploy("web-one", { service: "web" });
    const started = async () => (await readdir(join(world.directory, "instances", "homes")).catch(() => [])).length;
    expect(await started()).toBe(2);
    await world.restart();
    await until(async () => (await started()) === 1);
    expect(await ask(await world.services.address("web"))).toBe("web-one");
    expect(await started()).toBe(2);
  });

  it("says that another program has the port of an address, and is well again once it is free", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const address = await world.services.address("api");
    const stranger = createServer();
    await world.restart(async () => {
      await once(stranger.listen(Number(new URL(address).port), "127.0.0.1"), "listening");
    });
    const place = { project: PROJECT, location: REGION, service: "api" };
    expect(await world.cloud().services.get(place)).toMatchObject({
      ok: true,
      value: {
        uri: address,
        terminalCondition: {
          state: "CONDITION_FAILED",
          message: expect.stringMatching(/Another program listens on port \d+, which this address keeps\. End that/),
        },
      },
    });
    await expect(world.services.address("api")).rejects.toThrow("Another program listens");
    await world.restart(() => new Promise((resolve) => void stranger.close(() => resolve())));
    expect(await world.cloud().services.get(place)).toMatchObject({
      ok: true,
      value: { terminalCondition: { state: "CONDITION_SUCCEEDED" }, uri: address },
    });
    expect(await ask(address)).toBe("api-one");
  });

  it("runs as many instances as minInstances says, a log for each", async () => {
    await using world = await startWorld();
    await world.deploy("api-one", { template: { ...template("answers"), minInstances: 3 } });
    const address = await world.services.address("api");
    const pids = new Set<string>();
    await until(async () => pids.add(await ask(`${address}/pids`)).size === 3);
    const logs = await readdir(join(world.directory, "instances", "logs", `${PROJECT}.${REGION}.api-one`));
    expect(logs).toHaveLength(3);
  });

  it("lets a declared PATH stand, and not what is Cloud Run's own", async () => {
    await using world = await startWorld();
    const path = `${dirname(process.execPath)}:/declared`;
    await world.deploy("api-one", {
      template: { ...template("answers"), env: { PATH: { kind: "plain", value: path } } },
    });
    const env = JSON.parse(await ask(`${await world.services.address("api")}/env`)) as Record<string, string>;
    expect(env).toMatchObject({ PATH: path, K_SERVICE: "api" });
    const port = { PORT: { kind: "plain", value: "1" } } as const;
    const refused = await world.deploy("api-two", { template: { ...template("answers"), env: port } });
    expect(refused).toMatchObject({ ok: false, error: { code: "run-rejected" } });
  });

  it("goes on after a restart with a revision that was being made", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const deploying = world.deploy("api-two");
    await until(async () => (await world.revisionsOf("api")).length === 2);
    await world.restart();
    expect(await deploying).toMatchObject({ ok: true, value: { serving: { name: "api-two" } } });
    expect(await ask(await world.services.address("api"))).toBe("api-two");
  });

  it("clears away after a crash between a revision and its service, so that the release can be repeated", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const key = `${PROJECT}/${REGION}/api/api-one`;
    const written = present(await world.documents.get<Record<string, unknown>>("run-revisions", key), key).value;
    const orphan = { ...written, revision: "api-two", generation: 2, condition: { state: "CONDITION_RECONCILING" } };
    await world.documents.put("run-revisions", `${PROJECT}/${REGION}/api/api-two`, orphan, 0);
    await world.restart();
    expect(await world.revisionsOf("api")).toEqual(["api-one"]);
    expect((await world.deploy("api-two")).ok).toBe(true);
  });

  it("lets an instance see that its client went away", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const address = await world.services.address("api");
    const leaving = new AbortController();
    const answer = await fetch(`${address}/endless`, { signal: leaving.signal });
    expect(answer.status).toBe(200); // its head came before its end: answers are passed on as they come
    leaving.abort();
    await until(async () => (await ask(`${address}/aborted`)) === "1");
  });

  it("ends a start that takes too long, and says so", async () => {
    await using world = await startWorld();
    const slow = { ...template("hangs"), startup: { path: "/", withinSeconds: 1 } };
    const failed = await world.deploy("api-slow", { template: slow });
    const why = failed.ok ? "" : failed.error.why.join("\n");
    expect(why).toMatch(/^HEALTH_CHECK_CONTAINER_ERROR: .*within 1 s/);
    expect(why).toContain("waiting for the database");
  });

  it("refuses a start-up time that Cloud Run does not have", async () => {
    await using world = await startWorld();
    const refused = await world.deploy("api-one", {
      template: { ...template("answers"), startup: { path: "/", withinSeconds: 241 } },
    });
    expect(refused).toMatchObject({ ok: false, error: { code: "run-rejected" } });
    expect(refused.ok ? "" : refused.error.why.join()).toContain("at most 240");
    expect(await world.services.get("api")).toBeUndefined();
  });

  it("is refused where the identity is another project's", async () => {
    await using world = await startWorld();
    const foreign = createServices({
      endpoint: { kind: "embedded", url: world.url, token: new Secret("other"), project: PROJECT },
      project: PROJECT,
      region: REGION,
      addressOf: async () => "",
      clock: systemClock,
    });
    const denied = await foreign.declareJob({ job: "nightly", template: template("answers"), labels: {} });
    expect(denied).toMatchObject({ ok: false, error: { code: "run-denied" } });
  });

  it("says which secret is missing, and does not start anything", async () => {
    await using world = await startWorld();
    const env = { KEY: { kind: "secret", secret: "no-such", version: "7" } } as const;
    const failed = await world.deploy("api-one", { template: { ...template("answers"), env } });
    const why = failed.ok ? "" : failed.error.why.join("\n");
    expect(why).toMatch(/^SECRETS_ACCESS_CHECK_FAILED: .*projects\/mobius-staging\/secrets\/no-such\/versions\/7/);
  });

  it("restarts an instance that crashed, without being asked", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const address = await world.services.address("api");
    expect(await ask(`${address}/crash`)).toBe("502");
    // Until its end has been noticed, a request may still meet the one that is ending.
    await until(async () => (await ask(address)) === "api-one");
    const [counted] = world.cloud().metrics().revisions;
    expect(counted).toMatchObject({ revision: `${PROJECT}/${REGION}/api/api-one`, total: { "2xx": { count: 1 } } });
    expect(counted?.total["5xx"]?.count).toBeGreaterThan(0);
  });

  it("remembers the requests of the run before, in their minutes and in no total", async () => {
    await using world = await startWorld();
    await world.restart(); // only a cloud that was started, and so knows what was kept, writes its own
    await world.deploy("api-one");
    expect(await ask(await world.services.address("api"))).toBe("api-one");
    const read = () => world.cloud().metrics().revisions[0];
    await until(async () => read() !== undefined);
    const { minutes } = present(read(), "counted");
    await world.restart();
    expect(read()).toEqual({ revision: `${PROJECT}/${REGION}/api/api-one`, total: {}, minutes });
  });

  it("goes on with another supervisor where the first died", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const address = await world.services.address("api");
    const { supervisor, pid } = JSON.parse(await ask(`${address}/pids`)) as { supervisor: number; pid: number };
    process.kill(supervisor, "SIGKILL");
    process.kill(pid, "SIGKILL");
    await until(async () => (await ask(address)) === "api-one");
    expect((await world.deploy("api-two")).ok).toBe(true);
  });

  it("lets requests in flight end when their revision loses its traffic", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const address = await world.services.address("api");
    const slow = ask(`${address}/slow`);
    await world.deploy("api-two");
    expect(await ask(address)).toBe("api-two");
    expect(await slow).toBe("api-one");
  });

  it("passes on bodies of both ways, and connections that stop being HTTP", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const address = await world.services.address("api");
    const body = "x".repeat(2_000_000);
    const echoed = await (await fetch(address, { method: "POST", body })).text();
    expect(echoed).toHaveLength(body.length + "api-one".length);
    const asked = request(address, { headers: { connection: "upgrade", upgrade: "echo" } }).end();
    const [, socket] = (await once(asked, "upgrade")) as [unknown, Socket];
    socket.write("ping");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toBe("ping");
    socket.destroy();
  });

  it("splits requests by percent", async () => {
    await using world = await startWorld();
    await world.deploy("api-one");
    const [one, two] = [
      { revision: "api-one", percent: 50 },
      { revision: "api-two", percent: 50 },
    ] as const;
    await world.deploy("api-two", { traffic: [one, two] });
    const address = await world.services.address("api");
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(address)));
    const ones = answers.filter((answer) => answer === "api-one").length;
    expect(ones).toBeGreaterThan(15); // by chance once in 10^12 runs
    expect(ones).toBeLessThan(85);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("not in time");
    await systemClock.sleep(10);
  }
}
