/** The registry with tools that others wrote: what they push, ours has, and what ours has, they take. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findDockerEngine } from "../../src/adapters/executors/docker/docker-engine.ts";
import { createDockerImages } from "../../src/adapters/executors/docker/docker-images.ts";
import { createContainerImages } from "../../src/adapters/images/container-images.ts";
import { createRegistryImages } from "../../src/adapters/images/registry-images.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createRegistryServer } from "../../src/cloud/registry/registry-server.ts";
import { BUSYBOX, busyboxFiles } from "../support/busybox.ts";
import { findProgram, startOutsideRegistry } from "../support/outside-registry.ts";
import { pushImage, tarOf } from "./image-fixture.ts";

const run = promisify(execFile);
const IMAGE = "gcr.io/mobius-staging/peers";

const skopeo = BUSYBOX === undefined ? undefined : findProgram("skopeo");
const peer = BUSYBOX === undefined ? undefined : findProgram("docker-registry");
const engine = BUSYBOX === undefined ? undefined : await findDockerEngine("/var/run/docker.sock");
if (engine === undefined) console.warn("SKIPPED: the registry with a Docker Engine: none answers.");

describe("the registry", { timeout: 60_000 }, () => {
  let folder: string;
  let url: string;
  let host: string;
  const stops: (() => unknown)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mobius-peers-"));
    const server = createRegistryServer({ directory: join(folder, "registry"), clock: systemClock, ids: systemIds });
    ({ url } = await server.listen());
    host = new URL(url).host;
    stops.push(() => server.close());
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    await rm(folder, { recursive: true, force: true });
  });

  const images = () => createRegistryImages({ registryUrl: url });
  const unpack = (unpacked: string) =>
    createContainerImages({ registryUrl: url, unpackedDirectory: join(folder, unpacked) });
  const copy = (...args: string[]) =>
    run(skopeo ?? "", ["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", ...args]);

  it.skipIf(skopeo === undefined)("takes what skopeo copies, gives it back, and names the same digest", async () => {
    await pushImage(url, { repository: IMAGE, layers: [busyboxFiles()], config: { Cmd: ["sh"] } });
    const layout = `oci:${join(folder, "layout")}:one`;
    await copy(`docker://${host}/${IMAGE}:latest`, layout);
    await copy(layout, `docker://${host}/europe-docker.pkg.dev/mobius-staging/apps/peers:v1`);
    const digest = await images().resolve("europe-docker.pkg.dev/mobius-staging/apps/peers:v1");
    const inspected = await run(skopeo ?? "", [
      "inspect",
      "--tls-verify=false",
      "--format",
      "{{.Digest}}",
      `docker://${host}/${IMAGE}:latest`,
    ]);
    expect(inspected.stdout.trim()).toBe(await images().resolve(`${IMAGE}:latest`));
    expect(digest).toMatch(/^sha256:/);
    expect((await unpack("by-skopeo").get("europe-docker.pkg.dev/mobius-staging/apps/peers:v1")).command).toEqual([
      "sh",
    ]);
  });

  it.skipIf(skopeo === undefined || peer === undefined)("is spoken to as Debian's own registry is", async () => {
    const other = await startOutsideRegistry(peer ?? "", folder);
    stops.push(other.stop);
    await pushImage(url, { repository: IMAGE, layers: [busyboxFiles()], config: { Entrypoint: ["/bin/sh"] } });
    await copy(`docker://${host}/${IMAGE}:latest`, `docker://${other.host}/library/peers:v1`);
    // Ours does not have it: it is fetched from where its name says.
    const image = await unpack("by-peer").get(`${other.host}/library/peers:v1`);
    expect(image.entrypoint).toEqual(["/bin/sh"]);
  });

  it.skipIf(engine === undefined)(
    "takes a Docker Engine's push under the image's full name, and gives it back",
    async () => {
      if (engine === undefined) return;
      const tagged = "gcr.io/mobius-staging/pushed:v7";
      const query = new URLSearchParams({ fromSrc: "-", repo: "gcr.io/mobius-staging/pushed", tag: "v7" });
      const body = await tarOf(busyboxFiles());
      for await (const _ of await engine.stream("POST", `/images/create?${query}`, { body }));
      const docker = createDockerImages({
        engine,
        registryHost: host,
        isInRegistry: async (reference) => (await images().resolve(reference)) !== undefined,
        clock: systemClock,
      });
      const lines: string[] = [];
      const signal = AbortSignal.timeout(60_000);
      const pushed = await docker.push(tagged, { onLine: (line) => lines.push(line), signal });
      expect(pushed).toEqual({ ok: true, value: await images().resolve(tagged) });
      expect(lines[0]).toBe("The push refers to repository [gcr.io/mobius-staging/pushed]");
      expect(lines.at(-1)).toMatch(/^v7: digest: sha256:[0-9a-f]{64} size: \d+$/);
      await engine.json("DELETE", `/images/${tagged}?force=true`);
      expect(await docker.has(tagged)).toBe(false);
      expect(await docker.pull(tagged, signal)).toEqual({ ok: true, value: undefined });
      expect(await docker.has(tagged)).toBe(true);
      await engine.json("DELETE", `/images/${tagged}?force=true`);
      expect(await docker.push("gcr.io/mobius-staging/never:v1", { onLine: () => {}, signal })).toMatchObject({
        ok: false,
      });
    },
  );
});
