import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { markedProcesses } from "../../src/adapters/executors/marked-processes.ts";
import { findNetworkNamespace } from "../../src/adapters/executors/network-namespace.ts";
import type { BuildConfig } from "../../src/core/build/build-config.ts";
import { admitBuild } from "../../src/main/admit-build.ts";
import { BuildNetworks } from "../../src/main/build-networks.ts";
import type { StepExecutor } from "../../src/ports/step-executor.ts";
import { pushImage } from "../contract/image-fixture.ts";
import { BUSYBOX, busyboxFiles, programFiles } from "../support/busybox.ts";
import { type BuildWorld, createBuildWorld } from "./build-world.ts";
import {
  EXECUTORS,
  type ExecutorName,
  type ExecutorParts,
  HOST_IS_ENCLOSED,
  missing,
  startExecutor,
} from "./executors.ts";

const LONG = 60_000;
const PATH = process.env.PATH ?? "";
const STAGING = "acme-staging";
const PRODUCTION = "acme-production";
const MISSING = { kind: "missing", what: "unshare failed: Operation not permitted" } as const;
const namespace = await findNetworkNamespace(PATH);
const outside = Object.values(networkInterfaces()).flatMap((all) =>
  (all ?? []).filter(({ family, internal }) => family === "IPv4" && !internal),
)[0]?.address;
const CURL = ["/usr/bin/curl", "/bin/curl"].find((path) => existsSync(path));
const canKeep = namespace.kind === "own" && CURL !== undefined && BUSYBOX !== undefined && HOST_IS_ENCLOSED;
if (!canKeep) console.warn("SKIPPED: networks of builds: no network namespaces, no curl, or no static busybox.");
if (outside === undefined) console.warn("SKIPPED: places outside: this machine has no address but its loopback.");

/** Answers with its name, so that a test sees who it was. */
async function answering(
  name: string,
  host = "127.0.0.1",
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((_, response) => response.end(`${name} answers\n`));
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return { server, port: (server.address() as AddressInfo).port };
}

const servers = {
  own: await answering("server"),
  staging: await answering("staging service"),
  production: await answering("production service"),
  other: await answering("another program"),
  outside: await answering("outside", outside ?? "127.0.0.1"),
};
const folder = mkdtempSync(join(tmpdir(), "mobius-boundary-"));
const environment = (project: string, rest: string) =>
  `{ project: ${project}, region: r, cloud: embedded, registry: gcr.io/${project}, identities: { build: b, deploy: d, migrate: m, runtime: r }, ${rest} }`;
writeFileSync(
  join(folder, "mobius.yaml"),
  `platform: acme
environments:
  staging: ${environment(STAGING, `boundary: { owns: ["http://${outside}:${servers.outside.port}"] }`)}
  production: ${environment(PRODUCTION, "policies: { promoteFrom: staging }")}
`,
);
const SOCKET = join(folder, "docker.sock");
const dockerEngine = createServer((_, response) => response.end("engine answers\n"));
await new Promise<void>((listening) => dockerEngine.listen(SOCKET, listening));
const networks = await BuildNetworks.open({ directory: folder, ownPorts: [servers.own.port] });
await networks.addAddress({ project: STAGING, port: servers.staging.port });
await networks.addAddress({ project: PRODUCTION, port: servers.production.port });
afterAll(() => {
  for (const { server } of Object.values(servers)) server.close();
  dockerEngine.close();
  rmSync(folder, { recursive: true });
});

/** A proxy is what `http_proxy` names; without one the address itself is tried. */
const DIRECT = "--noproxy '*'";
const PROXIED = "--noproxy ''";
const here = (port: number) => `http://127.0.0.1:${port}/`;

describe.each(["host", "oci"] as const)("a build of an environment, on the %s executor", (name) => {
  const skip = !canKeep || missing(name) !== undefined;
  let parts: ExecutorParts;
  let world: BuildWorld;
  let executor: StepExecutor;
  const networkOf = (project: string) => networks.networkOf(project);
  const options = { namespace, networkOf, path: PATH, dockerSocket: SOCKET };

  beforeAll(async () => {
    if (skip) return;
    parts = await startExecutor(name);
    const directory = mkdtempSync(join(tmpdir(), "mobius-builds-"));
    const layers = [[...busyboxFiles(), ...programFiles(CURL ?? "", "usr/bin/curl")]];
    const config = { Env: ["PATH=/bin:/usr/bin"] };
    await pushImage(parts.registryUrl, { repository: "docker.io/library/curl", layers, config });
    executor = await parts.make(directory, options);
    world = createBuildWorld({ executor }, directory);
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await parts?.[Symbol.asyncDispose]();
  });

  /** A step that asks an address, and says what came of it. */
  const asking = (url: string, how = DIRECT) =>
    shell(`curl --silent --show-error --fail-with-body --max-time 3 ${how} ${url} 2>&1 || echo "refused: ${url}"`);
  const shell = (script: string) => ({ name: name === "host" ? "bash" : "curl", args: ["sh", "-c", script] });
  const log = async (config: BuildConfig, project = STAGING) => world.log(await world.run(config, project));

  it.skipIf(skip)("reaches the server and its own environment's service", { timeout: LONG }, async () => {
    const text = await log({ steps: [asking(here(servers.own.port)), asking(here(servers.staging.port))] });
    expect(text).toContain("server answers\n");
    expect(text).toContain("staging service answers\n");
  });

  it.skipIf(skip).each([
    ["another environment's service", here(servers.production.port)],
    ["another program of this machine", here(servers.other.port)],
    ["the metadata address", "http://169.254.169.254/computeMetadata/v1/"],
    ["a public address", "http://198.51.100.1/"],
    ["a place outside by its address", `http://${outside ?? "198.51.100.2"}:${servers.outside.port}/`],
  ])("is refused %s", { timeout: LONG }, async (_, url) => {
    const text = await log({ steps: [asking(url)] });
    expect(text).toContain(`refused: ${url}\n`);
    expect(text).not.toContain("answers");
  });

  it.skipIf(skip)("hears from its proxy what it may not reach, and why", { timeout: LONG }, async () => {
    const text = await log({
      steps: [
        asking("http://198.51.100.1/", PROXIED),
        asking(here(servers.production.port), PROXIED),
        asking("http://169.254.169.254/", PROXIED),
      ],
    });
    expect(text.match(/mobius: steps of environment staging may not reach /g)).toHaveLength(3);
    expect(text).toContain("Name it in environments.staging.boundary of mobius.yaml.");
    expect(text).not.toContain("answers");
  });

  it.skipIf(skip || outside === undefined)(
    "reaches what its boundary owns, through the proxy",
    { timeout: LONG },
    async () => {
      const url = `http://${outside}:${servers.outside.port}/`;
      expect(await log({ steps: [asking(url, "")] })).toContain("outside answers\n");
      const production = await log({ steps: [phaseLike] }, PRODUCTION);
      expect(production).not.toContain("outside answers");
    },
  );
  const phaseLike = asking(`http://${outside}:${servers.outside.port}/`, "");

  it.skipIf(skip)("reaches a service that is declared while it runs", { timeout: LONG }, async () => {
    const later = await answering("later service");
    const url = here(later.port);
    const script = `until curl --silent ${DIRECT} --max-time 3 ${url}; do echo not yet; sleep 0.2; done`;
    const running = world.run({ steps: [shell(script)] }, STAGING);
    const build = await vi.waitUntil(async () =>
      (await world.engine.list({ project: STAGING, limit: 100 })).find(({ stage }) => stage.name !== "ended"),
    );
    await expect.poll(() => world.log(build), { timeout: LONG }).toContain("not yet");
    await networks.addAddress({ project: STAGING, port: later.port });
    expect(await world.log(await running)).toContain("later service answers\n");
    later.server.close();
  });

  it.skipIf(skip || outside === undefined || name !== "host")(
    "lets SSH out through the same proxy",
    { timeout: LONG },
    async () => {
      const through = (port: number) =>
        `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | bash -c "$$MOBIUS_TUNNEL" bash ${outside} ${port} || echo refused`;
      const text = await log({
        steps: [shell(`${through(servers.outside.port)}; ${through(1)}; echo "$$GIT_SSH_COMMAND"`)],
      });
      expect(text).toContain("outside answers\n");
      expect(text).toContain(`may not reach ${outside}:1.`);
      expect(text).toContain("refused\n");
      expect(text).toContain("ssh -o ProxyCommand='bash -c");
    },
  );

  it.skipIf(skip || name !== "host")(
    "reaches the Docker Engine only in a step whose image is there for that",
    {
      timeout: LONG,
    },
    async () => {
      const script = `curl --silent --unix-socket ${SOCKET} http://docker/ || echo "refused: docker"`;
      const docker = { name: "gcr.io/cloud-builders/docker", entrypoint: "sh", args: ["-c", script] };
      expect(await log({ steps: [shell(script)] })).toContain("refused: docker\n");
      const text = await log({ steps: [docker] });
      expect(text).toContain("boundary not enforced by the kernel: this step has the Docker Engine's socket\n");
      expect(text).toContain("engine answers\n");
      const asked = { project: PRODUCTION, config: { steps: [docker] } } as const;
      const refused = await admitBuild({ networks, executor, path: PATH }, asked);
      expect(refused).toMatchObject({ ok: false, error: expect.stringContaining("boundary-not-enforced") });
    },
  );

  it.skipIf(skip || name !== "host")(
    "is answered after it has said all that it has to say",
    { timeout: LONG },
    async () => {
      const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
        let bytes = 0;
        socket.on("data", (piece) => (bytes += piece.length)).on("end", () => socket.end(`${bytes} bytes\n`));
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      await networks.addAddress({ project: STAGING, port });
      const script = `busybox head -c 3000000 /dev/zero | busybox nc 127.0.0.1 ${port}`;
      expect(await log({ steps: [shell(script)] })).toContain("3000000 bytes\n");
      server.close();
    },
  );

  it.skipIf(skip)(
    "leaves this machine's network to a build of no environment, and says so",
    { timeout: LONG },
    async () => {
      const text = await log({ steps: [asking(here(servers.other.port)), asking(here(servers.own.port))] }, "p1");
      expect(text).toContain("no boundary for this build: project p1 belongs to no environment of mobius.yaml\n");
      expect(text.match(/no boundary/g)).toHaveLength(1);
      expect(text).toContain("another program answers\n");
    },
  );

  it.skipIf(skip)("leaves nothing running", { timeout: LONG }, async () => {
    const script = "busybox sleep 300 & echo left";
    await log({ steps: [shell(script)] });
    expect(markedProcesses(`test-${world.directory.split("-").at(-1)}`)).toEqual([]);
  });
});

describe.each(EXECUTORS)("where the kernel does not keep the boundary, on the %s executor", (name: ExecutorName) => {
  const skip = missing(name) !== undefined || (name !== "docker" && BUSYBOX === undefined);
  const words = name === "docker" ? "a container of the Docker Engine has" : `no network namespace (${MISSING.what})`;
  const build = { steps: [{ id: "deploy", name: "busybox", args: ["echo", "ran"] }] };

  const inWorld = async (work: (world: BuildWorld, executor: StepExecutor) => Promise<void>) => {
    await using parts = await startExecutor(name);
    const directory = mkdtempSync(join(tmpdir(), "mobius-builds-"));
    const networkOf = (project: string) => networks.networkOf(project);
    const executor = await parts.make(directory, { namespace: MISSING, networkOf, path: PATH });
    await using world = createBuildWorld({ executor }, directory);
    await work(world, executor);
  };

  it.skipIf(skip)("a step says so, and runs", { timeout: LONG }, () =>
    inWorld(async (world) => {
      const text = await world.log(await world.run(build, STAGING));
      expect(text).toContain(`boundary not enforced by the kernel: ${words}`);
      expect(text).toContain("ran\n");
    }),
  );

  it.skipIf(skip)("a protected environment refuses the step, and before that the build", { timeout: LONG }, () =>
    inWorld(async (world, executor) => {
      const text = await world.log(await world.run(build, PRODUCTION));
      expect(text).toContain("boundary-not-enforced: Environment production is protected");
      expect(text).not.toContain("ran\n");
      const refused = await admitBuild({ networks, executor, path: PATH }, { project: PRODUCTION, config: build });
      expect(refused).toEqual({
        ok: false,
        error: expect.stringContaining('Step "deploy" may run code of a repository'),
      });
      expect(await admitBuild({ networks, executor, path: PATH }, { project: STAGING, config: build })).toEqual({
        ok: true,
      });
    }),
  );

  it.skipIf(skip || name !== "host")("a protected environment runs its phases", { timeout: LONG }, () =>
    inWorld(async (world, executor) => {
      const phases = { steps: [{ name: "gcr.io/acme/mobius", args: ["phase", "load"], env: ["MOBIUS_IDEMPOTENT=1"] }] };
      expect(await admitBuild({ networks, executor, path: PATH }, { project: PRODUCTION, config: phases })).toEqual({
        ok: true,
      });
      expect(await world.log(await world.run(phases, PRODUCTION))).toContain("mobius phase load\n");
    }),
  );
});
