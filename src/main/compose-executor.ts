import { access, constants, realpath } from "node:fs/promises";
import { createAutoExecutor, type ExecutorOption } from "../adapters/executors/auto-executor.ts";
import type { NetworkOptions } from "../adapters/executors/build-boundary.ts";
import { type Containers, findContainers } from "../adapters/executors/containers.ts";
import { type DockerEngine, findDockerEngine } from "../adapters/executors/docker/docker-engine.ts";
import { createDockerExecutor, ensureNetwork } from "../adapters/executors/docker/docker-executor.ts";
import { createDockerImages, type DockerImages } from "../adapters/executors/docker/docker-images.ts";
import { createHostExecutor, suitsHost } from "../adapters/executors/host-executor.ts";
import { createOciExecutor } from "../adapters/executors/oci-executor.ts";
import { createContainerImages } from "../adapters/images/container-images.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { NetworkOf } from "../ports/build-network.ts";
import type { LocalImages } from "../ports/local-images.ts";
import type { StepExecutor } from "../ports/step-executor.ts";
import type { BuildNetworks } from "./build-networks.ts";
import type { Foundation } from "./foundation.ts";
import { executorMissing } from "./problems.ts";

/** What runs the steps of builds, and the images that they make. */
export interface Execution {
  readonly executor: StepExecutor;
  readonly localImages?: LocalImages;
}

/** Puts together what was asked for; with `auto` all that this machine has, the host first. */
export async function composeExecutor(
  foundation: Foundation,
  registryUrl: string,
  networks: BuildNetworks,
): Promise<Result<Execution, Problem>> {
  const { request, programs } = foundation;
  const networkOf: NetworkOf = (project) => networks.networkOf(project);
  const wanted = request.executor;
  const [engine, containers] = await Promise.all([
    wanted === "auto" || wanted === "docker" ? findDockerEngine(request.dockerSocket) : undefined,
    wanted === "auto" || wanted === "oci" ? findContainers(programs.path) : undefined,
  ]);
  // Builds on the host name it too: `docker build --network cloudbuild`.
  if (engine !== undefined) await ensureNetwork(engine);
  const images = createContainerImages({ registryUrl, unpackedDirectory: foundation.paths.unpacked });
  const docker =
    engine && dockerOption({ foundation, engine, registryUrl, localDigest: images.localDigest, networkOf });
  const options = [
    ...(wanted === "auto" || wanted === "host" ? [await hostOption(foundation, networkOf)] : []),
    ...(docker === undefined ? [] : [docker.option]),
    ...(containers === undefined ? [] : [ociOption({ foundation, containers, images, networkOf })]),
  ];
  const [first, ...rest] = options;
  if (first === undefined) return err(executorMissing(wanted, request.dockerSocket));
  request.log(`Steps of builds run on: ${options.map(({ name }) => name).join(", ")}`);
  return ok({
    executor: rest.length === 0 ? first.executor : createAutoExecutor([first, ...rest]),
    ...(docker === undefined ? {} : { localImages: docker.images }),
  });
}

async function hostOption(foundation: Foundation, networkOf: NetworkOf): Promise<ExecutorOption> {
  const { supervisors, programs, sandbox, request } = foundation;
  const dockerSocket = await usableSocket(request.dockerSocket);
  return {
    name: "host",
    executor: createHostExecutor({
      supervisors,
      mobiusCommand: programs.mobius,
      sandbox,
      network: { ...networkOptions(foundation, networkOf), ...(dockerSocket === undefined ? {} : { dockerSocket }) },
    }),
    suits: async (step) => (suitsHost(step, programs) ? "ready" : "never"),
  };
}

function networkOptions({ namespace, programs }: Foundation, networkOf: NetworkOf): NetworkOptions {
  return { namespace, networkOf, path: programs.path };
}

/** The socket's real path, where this user may speak to it. */
async function usableSocket(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.W_OK);
    return await realpath(path);
  } catch {
    return undefined;
  }
}

function dockerOption({
  foundation,
  engine,
  registryUrl,
  localDigest,
  networkOf,
}: {
  readonly foundation: Foundation;
  readonly engine: DockerEngine;
  readonly registryUrl: string;
  readonly localDigest: (reference: string) => Promise<string | undefined>;
  readonly networkOf: NetworkOf;
}): { readonly option: ExecutorOption; readonly images: DockerImages } {
  const images = createDockerImages({
    engine,
    registryHost: new URL(registryUrl).host,
    isInRegistry: async (reference) => (await localDigest(reference)) !== undefined,
    clock,
  });
  return {
    images,
    option: {
      name: "docker",
      executor: createDockerExecutor({ engine, images, installationId: foundation.installation.id, networkOf }),
      suits: async ({ config }) => ((await images.has(config.name)) ? "ready" : "fetch"),
    },
  };
}

function ociOption({
  foundation,
  containers,
  images,
  networkOf,
}: {
  readonly foundation: Foundation;
  readonly containers: Containers;
  readonly images: ReturnType<typeof createContainerImages>;
  readonly networkOf: NetworkOf;
}): ExecutorOption {
  const { supervisors } = foundation;
  const network = networkOptions(foundation, networkOf);
  return {
    name: "oci",
    executor: createOciExecutor({ supervisors, containers, images, network }),
    suits: async ({ config }) => ((await images.localDigest(config.name)) === undefined ? "fetch" : "ready"),
  };
}
