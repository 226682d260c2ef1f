/** The ways to run steps that this machine has, each as a world of its own, with images that need no network. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NetworkOptions } from "../../src/adapters/executors/build-boundary.ts";
import { findContainers } from "../../src/adapters/executors/containers.ts";
import { findDockerEngine } from "../../src/adapters/executors/docker/docker-engine.ts";
import { createDockerExecutor } from "../../src/adapters/executors/docker/docker-executor.ts";
import { createDockerImages } from "../../src/adapters/executors/docker/docker-images.ts";
import { createHostExecutor } from "../../src/adapters/executors/host-executor.ts";
import { createOciExecutor } from "../../src/adapters/executors/oci-executor.ts";
import { findSandbox } from "../../src/adapters/executors/sandbox.ts";
import { createContainerImages } from "../../src/adapters/images/container-images.ts";
import { createRegistryImages } from "../../src/adapters/images/registry-images.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createRegistryServer } from "../../src/cloud/registry/registry-server.ts";
import type { LocalImages } from "../../src/ports/local-images.ts";
import type { StepExecutor } from "../../src/ports/step-executor.ts";
import { pushImage } from "../contract/image-fixture.ts";
import { BUSYBOX, busyboxFiles } from "../support/busybox.ts";
import { testSupervisors } from "./build-world.ts";

export type ExecutorName = "host" | "oci" | "docker";

export const EXECUTORS: readonly ExecutorName[] = ["host", "oci", "docker"];

const PATH = process.env.PATH ?? "";
const engine = BUSYBOX === undefined ? undefined : await findDockerEngine("/var/run/docker.sock");
const containers = BUSYBOX === undefined ? undefined : await findContainers(PATH);

/** Why an executor cannot be had here; undefined where it can. */
export function missing(name: ExecutorName): string | undefined {
  if (name === "host") return undefined;
  if (BUSYBOX === undefined) return "there is no static busybox (Debian: busybox-static)";
  if (name === "oci") return containers === undefined ? "no bubblewrap, or no namespaces" : undefined;
  return engine === undefined ? "no Docker Engine answers" : undefined;
}

/** Whether steps on the host find Cloud Build's paths, and volumes. */
export const HOST_IS_ENCLOSED = (await findSandbox(tmpdir(), PATH)) !== undefined;
if (!HOST_IS_ENCLOSED) console.warn("SKIPPED: /workspace, /builder and volumes on the host: no user namespaces.");

for (const name of EXECUTORS) {
  const reason = missing(name);
  if (reason !== undefined) console.warn(`SKIPPED: steps on the ${name} executor: ${reason}.`);
}

export interface ExecutorParts extends AsyncDisposable {
  /** A new one, as a server that starts again makes it. */
  readonly make: (directory: string, network?: NetworkOptions) => Promise<StepExecutor>;
  readonly registryUrl: string;
  readonly localImages?: LocalImages;
  readonly resolveImage: (reference: string) => Promise<string | undefined>;
}

/** A registry with the image `busybox`, and what makes the executor. */
export async function startExecutor(name: ExecutorName): Promise<ExecutorParts> {
  const folder = await mkdtemp(join(tmpdir(), `mobius-${name}-`));
  const registry = createRegistryServer({ directory: join(folder, "registry"), clock: systemClock, ids: systemIds });
  const { url: registryUrl } = await registry.listen();
  if (BUSYBOX !== undefined) {
    const config = { Cmd: ["sh"], Env: ["PATH=/bin:/usr/bin", "FROM_IMAGE=yes"] };
    await pushImage(registryUrl, { repository: "docker.io/library/busybox", layers: [busyboxFiles()], config });
  }
  const images = createContainerImages({ registryUrl, unpackedDirectory: join(folder, "unpacked") });
  const docker =
    engine === undefined
      ? undefined
      : createDockerImages({
          engine,
          registryHost: new URL(registryUrl).host,
          isInRegistry: async (reference) => (await images.localDigest(reference)) !== undefined,
          clock: systemClock,
        });
  const make = async (directory: string, network?: NetworkOptions): Promise<StepExecutor> => {
    const supervisors = testSupervisors(directory);
    const kept = network === undefined ? {} : { network };
    if (name === "host") {
      const sandbox = (await findSandbox(directory, PATH)) ?? "none";
      return createHostExecutor({ supervisors, mobiusCommand: ["echo", "mobius"], sandbox, ...kept });
    }
    if (name === "oci" && containers !== undefined) {
      return createOciExecutor({ supervisors, containers, images, ...kept });
    }
    if (engine === undefined || docker === undefined) throw new Error(missing(name));
    const networkOf = network === undefined ? {} : { networkOf: network.networkOf };
    return createDockerExecutor({
      engine,
      images: docker,
      installationId: `test-${directory.slice(-6)}`,
      ...networkOf,
    });
  };
  return {
    make,
    registryUrl,
    ...(name === "docker" && docker !== undefined ? { localImages: docker } : {}),
    resolveImage: (reference) => createRegistryImages({ registryUrl }).resolve(reference),
    async [Symbol.asyncDispose]() {
      await registry.close();
      if (name === "docker") await engine?.json("DELETE", "/images/busybox:latest?force=true").catch(() => {});
      await rm(folder, { recursive: true, force: true });
    },
  };
}
