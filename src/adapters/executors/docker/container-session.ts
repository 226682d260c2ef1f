import type { NetworkOf } from "../../../ports/build-network.ts";
import type { StepBoundary } from "../build-boundary.ts";
import type { openExitRecords } from "../exit-records.ts";
import type { BuildFolders } from "../step-folders.ts";
import { type DockerEngine, DockerError } from "./docker-engine.ts";
import type { DockerImages } from "./docker-images.ts";

/** The installation whose container it is: others are left alone. */
export const INSTALLATION_LABEL = "mobius.installation";
/** The step's name in its build's folder. */
export const STEP_LABEL = "mobius.step";
/** The folder with the exit records of the container's build. */
export const STEPS_LABEL = "mobius.steps";

export interface DockerExecutorOptions {
  readonly engine: DockerEngine;
  readonly images: DockerImages;
  /** Marks the containers of this installation. */
  readonly installationId: string;
  /** The networks of environments' builds: no container keeps to them, and each says so. */
  readonly networkOf?: NetworkOf;
}

/** What every container of one build shares. */
export interface ContainerSession extends DockerExecutorOptions {
  readonly build: string;
  readonly boundary: StepBoundary;
  readonly folders: BuildFolders;
  /** Puts an exit on record, on disk before the container is removed. */
  readonly keep: ReturnType<typeof openExitRecords>;
  /** Ends what runs, without a record. */
  readonly running: Set<() => Promise<void>>;
  /** Containers that have ended and are being removed; what a killed server leaves of them the next one sweeps. */
  readonly leaving: Set<Promise<void>>;
}

/** Removes a container, whatever it does. */
export async function removeContainer(engine: DockerEngine, id: string): Promise<void> {
  await engine.json("DELETE", `/containers/${id}?force=true&v=true`).catch((cause: unknown) => {
    const isGoing = cause instanceof DockerError && cause.status === 409; // somebody else removes it already
    if (!isGoing) throw cause;
  });
}
