import { createAutoExecutor, type ExecutorOption } from "../adapters/executors/auto-executor.ts";
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
import type { LocalImages } from "../ports/local-images.ts";
import type { StepExecutor } from "../ports/step-executor.ts";
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
): Promise<Result<Execution, Problem>> {
  const { request, programs } = foundation;
  const wanted = request.executor;
  const [engine, containers] = await Promise.all([
    wanted === "auto" || wanted === "docker" ? findDockerEngine(request.dockerSocket) : undefined,
    wanted === "auto" || wanted === "oci" ? findContainers(programs.path) : undefined,
  ]);
  // Builds on the host name it too: `docker build --network cloudbuild`.
  if (engine !== undefined) await ensureNetwork(engine);
  const images = createContainerImages({ registryUrl, unpackedDirectory: foundation.paths.unpacked });
  const docker = engine && dockerOption(foundation, engine, registryUrl, images.localDigest);
  const options = [
    ...(wanted === "auto" || wanted === "host" ? [hostOption(foundation)] : []),
    ...(docker === undefined ? [] : [docker.option]),
    ...(containers === undefined ? [] : [ociOption(foundation, containers, images)]),
  ];
  const [first, ...rest] = options;
  if (first === undefined) return err(executorMissing(wanted, request.dockerSocket));
  request.log(`Steps of builds run on: ${options.map(({ name }) => name).join(", ")}`);
  return ok({
    executor: rest.length === 0 ? first.executor : createAutoExecutor([first, ...rest]),
    ...(docker === undefined ? {} : { localImages: docker.images }),
  });
}

function hostOption({ supervisors, programs, sandbox }: Foundation): ExecutorOption {
  return {
    name: "host",
    executor: createHostExecutor({ supervisors, mobiusCommand: programs.mobius, sandbox }),
    suits: async (order) => (suitsHost(order, programs) ? "ready" : "never"),
  };
}

function dockerOption(
  { installation }: Foundation,
  engine: DockerEngine,
  registryUrl: string,
  localDigest: (reference: string) => Promise<string | undefined>,
): { readonly option: ExecutorOption; readonly images: DockerImages } {
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
      executor: createDockerExecutor({ engine, images, installationId: installation.id }),
      suits: async ({ config }) => ((await images.has(config.name)) ? "ready" : "fetch"),
    },
  };
}

function ociOption(
  { supervisors }: Foundation,
  containers: Containers,
  images: ReturnType<typeof createContainerImages>,
): ExecutorOption {
  return {
    name: "oci",
    executor: createOciExecutor({ supervisors, containers, images }),
    suits: async ({ config }) => ((await images.localDigest(config.name)) === undefined ? "fetch" : "ready"),
  };
}
