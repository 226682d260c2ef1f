/**
 * Runs steps as containers of a Docker Engine, as Cloud Build does: one daemon for all steps, the network `cloudbuild`,
 * the daemon's socket in every step. A container outlives the server that started it and is followed again. Begin with
 * `createDockerExecutor`.
 */
import { existsSync } from "node:fs";
import { z } from "zod";
import type { StepExecutor, StepSession } from "../../../ports/step-executor.ts";
import { stepBoundary } from "../build-boundary.ts";
import { openExitRecords, readExitRecord } from "../exit-records.ts";
import { recordedEnd } from "../step-end.ts";
import { buildFolders, makeBuildFolders } from "../step-folders.ts";
import {
  type ContainerSession,
  type DockerExecutorOptions,
  INSTALLATION_LABEL,
  removeContainer,
  STEP_LABEL,
  STEPS_LABEL,
} from "./container-session.ts";
import { beginContainer, resumeContainer } from "./container-step.ts";
import { type DockerEngine, DockerError } from "./docker-engine.ts";

/** The network that Cloud Build's steps share. */
const NETWORK = "cloudbuild";

/** As on Cloud Build, every step has the daemon's socket, and with it whatever the daemon may do. */
const GAP = "a container of the Docker Engine has the Engine's own network, and its socket";

const listed = z.array(
  z.object({ Id: z.string(), State: z.string(), Labels: z.record(z.string(), z.string()).default({}) }),
);

/** Steps in containers of the engine. */
export function createDockerExecutor(options: DockerExecutorOptions): StepExecutor {
  const { engine, installationId } = options;
  return {
    async open({ id, directory, project }) {
      const folders = buildFolders(directory);
      makeBuildFolders(folders);
      await ensureNetwork(engine);
      return session({
        ...options,
        boundary: stepBoundary({ project, network: await options.networkOf?.(project) }),
        build: id,
        folders,
        keep: openExitRecords(folders.steps),
        running: new Set(),
        leaving: new Set(),
      });
    },
    gap: async () => GAP,
    recorded: recordedEnd,
    async sweep() {
      const filters = JSON.stringify({ label: [`${INSTALLATION_LABEL}=${installationId}`] });
      const found = await engine.json("GET", `/containers/json?all=true&filters=${encodeURIComponent(filters)}`);
      const left = listed.parse(found ?? []).filter(({ Labels }) => isLeft(Labels));
      for (const { Id } of left) await removeContainer(engine, Id);
      return left.filter(({ State }) => State === "running").length;
    },
  };
}

function session(parts: ContainerSession): StepSession {
  return {
    workspace: parts.folders.workspace,
    async start(order) {
      const { network } = parts.boundary;
      const what = network === undefined ? undefined : GAP;
      const refusal = parts.boundary.admit(order, { what, runs: "repository-code" });
      if (refusal === undefined) return beginContainer(parts, order);
      return { ended: Promise.resolve({ outcome: { kind: "not-started", reason: refusal } }), stop: async () => {} };
    },
    resume: (order) => resumeContainer(parts, order),
    async close() {
      await Promise.all([...parts.running].map((abandon) => abandon()));
      await Promise.all(parts.leaving);
    },
  };
}

/** Ended and on record, or of a build whose folder is gone: nobody will ask for it any more. */
function isLeft(labels: Readonly<Record<string, string>>): boolean {
  const steps = labels[STEPS_LABEL] ?? "";
  const step = labels[STEP_LABEL] ?? "";
  return !existsSync(steps) || readExitRecord(steps, step) !== undefined;
}

/** Makes the network that all steps share, where it is missing. */
export async function ensureNetwork(engine: DockerEngine): Promise<void> {
  if ((await engine.json("GET", `/networks/${NETWORK}`)) !== undefined) return;
  try {
    await engine.json("POST", "/networks/create", { body: { Name: NETWORK, CheckDuplicate: true } });
  } catch (cause) {
    // Another build may have been faster.
    if (!(cause instanceof DockerError) || cause.status !== 409) throw cause;
  }
}
