/**
 * Runs steps as processes on the host's own tools: a builder image stands for a program (`builder-images.ts`). In the
 * sandbox they find `/workspace`, `/builder/home` and volumes where Cloud Build has them; without one, `/workspace` is
 * only where they start. Begin with `createHostExecutor`.
 */
import { existsSync, mkdirSync } from "node:fs";
import type { BuildStep } from "../../core/build/build-config.ts";
import { mayRunRepositoryCode } from "../../core/build/repository-code.ts";
import type { NonEmpty } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { ExitRecord, Supervisors } from "../../ports/processes.ts";
import type {
  ExecutedOutcome,
  RunningStep,
  StepExecutor,
  StepOrder,
  StepPreview,
  StepSession,
} from "../../ports/step-executor.ts";
import { type EnclosedSupervisor, type NetworkOptions, networkGap, openEnclosed } from "./build-boundary.ts";
import { builderImage, DOCKER_IMAGES, MAPPED_IMAGES } from "./builder-images.ts";
import { findProgram } from "./find-program.ts";
import { type Bind, NO_SANDBOX, type Sandbox } from "./sandbox.ts";
import { recordedEnd, stepEnd } from "./step-end.ts";
import { secretsOf, stepEnvironment } from "./step-environment.ts";
import {
  type BuildFolders,
  buildFolders,
  HOME,
  hostPath,
  makeBuildFolders,
  makeOutputs,
  makeVolume,
  OUTPUTS,
  processId,
  WORKSPACE,
  writeScript,
} from "./step-folders.ts";
import { takeOutput } from "./step-output.ts";

export interface HostExecutorOptions {
  readonly supervisors: Supervisors;
  /** What runs this installation's `mobius`: for the image `…/mobius`. */
  readonly mobiusCommand: NonEmpty<string>;
  /** What keeps a step to its own build; `none` where the machine has nothing of the kind, which each log then says. */
  readonly sandbox?: Sandbox | "none";
  /** The networks of environments' builds. */
  readonly network?: NetworkOptions;
}

/** Steps on the host. The order's `engineEnv` must hold a PATH: nothing of the server's environment reaches a step. */
export function createHostExecutor(options: HostExecutorOptions): StepExecutor {
  return {
    async open({ id, directory, project }) {
      const folders = buildFolders(directory);
      makeBuildFolders(folders);
      const { supervisors, sandbox, network } = options;
      const request = {
        name: `build-${id}`,
        directory: folders.steps,
        ...(sandbox === undefined || sandbox === "none" ? {} : { wrap: aroundBuild(sandbox, folders) }),
      };
      const enclosed = await openEnclosed(supervisors, request, { project, options: network });
      return session({ ...options, ...enclosed, folders });
    },
    gap: async (step) => (runsOf(step) === "ours" ? undefined : gapOf(options, step.config)),
    recorded: recordedEnd,
    sweep: () => options.supervisors.sweep(),
  };
}

/** Whether the host has what stands for the step's image, its program included. */
export function suitsHost(
  { config, env, engineEnv }: StepPreview,
  host: { readonly mobius: readonly string[]; readonly path: string },
): boolean {
  const image = builderImage(config.name, host.mobius);
  if (image === undefined) return false;
  const { entrypoint, args = [], script } = config;
  const program = script === undefined ? (entrypoint ?? image.entrypoint[0] ?? args[0] ?? "") : "/bin/sh";
  if (program.startsWith(WORKSPACE) || program.startsWith(".")) return true; // it may be made by an earlier step
  return findProgram(program, env.PATH ?? engineEnv.PATH ?? host.path, "/") !== undefined;
}

function aroundBuild(sandbox: Sandbox, folders: BuildFolders) {
  const binds = [
    { from: folders.workspace, to: WORKSPACE },
    { from: folders.home, to: HOME },
  ];
  return { command: sandbox.around({ own: folders.own, binds }), path: sandbox.path };
}

/** What the kernel does not keep of such a step's boundary. */
function gapOf({ sandbox, network }: HostExecutorOptions, { name }: BuildStep): string | undefined {
  if (sandbox === "none") return NO_SANDBOX;
  const hasDocker = network?.dockerSocket !== undefined && DOCKER_IMAGES.test(name);
  return hasDocker ? "this step has the Docker Engine's socket" : networkGap(network);
}

function runsOf({ config, env, secretEnv }: StepPreview): "ours" | "repository-code" {
  const mayRun = mayRunRepositoryCode(config, [...Object.keys(env), ...Object.keys(secretEnv)]);
  return mayRun ? "repository-code" : "ours";
}

interface SessionParts extends HostExecutorOptions, EnclosedSupervisor {
  readonly folders: BuildFolders;
}

function session(parts: SessionParts): StepSession {
  const { supervisor, boundary, folders, mobiusCommand, sandbox } = parts;
  return {
    workspace: folders.workspace,
    async start(order) {
      // A build of no environment misses nothing but the sandbox.
      const isKept = boundary.network === undefined && sandbox !== "none";
      const what = isKept ? undefined : gapOf(parts, order.config);
      const refusal = boundary.admit(order, { what, runs: runsOf(order) });
      if (refusal !== undefined) return notStarted(refusal);
      const place = placeOf(order, parts);
      const command = place.ok ? commandOf(order, folders, mobiusCommand) : place;
      if (!command.ok || !place.ok) return notStarted(command.ok ? "" : command.error);
      const { cwd, home, outputs, wrap } = place.value;
      const env = stepEnvironment(order, {
        HOME: home,
        BUILDER_OUTPUT: outputs,
        CLOUDSDK_CONFIG: `${home}/.gcloud`,
        ...command.value.imageEnv,
        ...supervisor.variables,
        ...order.engineEnv,
      });
      const mask = Object.values(order.secretEnv);
      const { logPath } = order;
      const { argv } = command.value;
      const running = await supervisor.start({ id: processId(order), argv, wrap, cwd, env, logPath, mask });
      return {
        ended: running.exited.then(({ outcome }) =>
          stepEnd(explain(outcome, order), { output: takeOutput(folders, order, secretsOf(order)) }),
        ),
        stop: async (graceMs) => void (await running.stop(graceMs)),
      };
    },
    close: () => parts.supervisor.close(),
  };
}

function notStarted(reason: string): RunningStep {
  return { ended: Promise.resolve({ outcome: { kind: "not-started", reason } }), stop: async () => {} };
}

/** A program that the host lacks is named in Docker's words, with what to do about it. */
function explain(outcome: ExitRecord["outcome"], order: StepOrder): ExecutedOutcome {
  if (outcome.kind !== "not-started") return outcome;
  const hint = `the host executor runs image ${order.config.name} with the host's own tools: install the program there`;
  return { kind: "not-started", reason: `starting step container failed: ${outcome.reason} (${hint})` };
}

interface Place {
  /** The host's folder in which the step works. */
  readonly cwd: string;
  /** As the step sees them. */
  readonly home: string;
  readonly outputs: string;
  readonly wrap: readonly string[];
}

/** Where a step works, and what of the host it is shown. */
function placeOf(order: StepOrder, parts: SessionParts): Result<Place, string> {
  const { folders, sandbox, boundary, network } = parts;
  const { directory, volumes, config } = order;
  const isEnclosed = sandbox !== undefined && sandbox !== "none";
  if (volumes.length > 0 && !isEnclosed) {
    return err("the host executor has no volumes on this machine: keep the files beneath /workspace");
  }
  const cwd = hostPath(folders, directory);
  if (cwd === undefined) {
    return err(`the host executor cannot work in "${directory}": use a directory beneath /workspace`);
  }
  // The workspace is there already, and most steps work in it.
  if (cwd !== folders.workspace) mkdirSync(cwd, { recursive: true });
  const outputs = makeOutputs(folders, order);
  if (!isEnclosed) return ok({ cwd, home: folders.home, outputs, wrap: [] });
  const binds: Bind[] = [{ from: outputs, to: OUTPUTS }];
  for (const { name, path } of volumes) {
    const taken = foreignFolder(path);
    if (taken !== undefined) {
      return err(
        `the host executor cannot put volume "${name}" at ${path}, as ${taken} is the host's: use another path`,
      );
    }
    binds.push({ from: makeVolume(folders, name), to: path });
  }
  const socket = boundary.network === undefined ? undefined : network?.dockerSocket;
  if (socket !== undefined && !DOCKER_IMAGES.test(config.name)) binds.push({ from: "/dev/null", to: socket });
  return ok({ cwd, home: HOME, outputs: OUTPUTS, wrap: sandbox.wrap({ cwd: directory, binds }) });
}

/** The folder of the host in which a mount point would have to be made; undefined where none is in the way. */
function foreignFolder(path: string): string | undefined {
  const [first = ""] = path.split("/").filter(Boolean);
  const top = `/${first}`;
  if (top === WORKSPACE || top === "/builder" || existsSync(path)) return undefined;
  return existsSync(top) ? top : undefined;
}

interface Command {
  readonly argv: NonEmpty<string>;
  readonly imageEnv: Readonly<Record<string, string>>;
}

function commandOf(order: StepOrder, folders: BuildFolders, mobius: readonly string[]): Result<Command, string> {
  const { name, entrypoint, args = [], script } = order.config;
  const image = builderImage(name, mobius);
  if (image === undefined) {
    return err(
      `the host executor has no program for image "${name}": use one of ${MAPPED_IMAGES.join(", ")}, or run this build with containers`,
    );
  }
  const [program, ...rest] =
    script === undefined
      ? [...(entrypoint === undefined ? image.entrypoint : [entrypoint]), ...args]
      : [writeScript(folders, order, script)];
  if (program === undefined) return err(`image "${name}" has no entrypoint: give args, an entrypoint or a script`);
  // The supervisor looks for the program on the host, where the workspace has another path.
  const found = program.startsWith("/") ? (hostPath(folders, program) ?? program) : program;
  return ok({ argv: [found, ...rest], imageEnv: image.env ?? {} });
}
