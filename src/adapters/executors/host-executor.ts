/**
 * Runs steps as processes on the host's own tools: a builder image stands for a program (`builder-images.ts`). In the
 * sandbox they find `/workspace`, `/builder/home` and volumes where Cloud Build has them; without one, `/workspace` is
 * only where they start. Begin with `createHostExecutor`.
 */
import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import type { NonEmpty } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { ExitRecord, Supervisor, Supervisors } from "../../ports/processes.ts";
import type { ExecutedOutcome, RunningStep, StepExecutor, StepOrder, StepSession } from "../../ports/step-executor.ts";
import { builderImage, MAPPED_IMAGES } from "./builder-images.ts";
import { findProgram } from "./find-program.ts";
import { type Bind, NOT_ENFORCED, type Sandbox } from "./sandbox.ts";
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
}

/** Steps on the host. The order's `engineEnv` must hold a PATH: nothing of the server's environment reaches a step. */
export function createHostExecutor(options: HostExecutorOptions): StepExecutor {
  return {
    async open({ id, directory }) {
      const folders = buildFolders(directory);
      makeBuildFolders(folders);
      const { supervisors, mobiusCommand, sandbox } = options;
      const supervisor = await supervisors.open({
        name: `build-${id}`,
        directory: folders.steps,
        ...(sandbox === undefined || sandbox === "none" ? {} : { wrap: aroundBuild(sandbox, folders) }),
      });
      return session({ supervisor, folders, mobius: mobiusCommand, sandbox });
    },
    recorded: recordedEnd,
    sweep: () => options.supervisors.sweep(),
  };
}

/** Whether the host has what stands for the step's image, its program included. */
export function suitsHost(
  { config, env, engineEnv }: StepOrder,
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

interface SessionParts {
  readonly supervisor: Supervisor;
  readonly folders: BuildFolders;
  readonly mobius: readonly string[];
  readonly sandbox: Sandbox | "none" | undefined;
}

function session({ supervisor, folders, mobius, sandbox }: SessionParts): StepSession {
  return {
    workspace: folders.workspace,
    async start(order) {
      const place = placeOf(order, folders, sandbox);
      const command = place.ok ? commandOf(order, folders, mobius) : place;
      if (!command.ok || !place.ok) return notStarted(command.ok ? "" : command.error);
      const { cwd, home, outputs, wrap } = place.value;
      const env = stepEnvironment(order, {
        HOME: home,
        BUILDER_OUTPUT: outputs,
        CLOUDSDK_CONFIG: `${home}/.gcloud`,
        ...command.value.imageEnv,
        ...order.engineEnv,
      });
      const mask = Object.values(order.secretEnv);
      if (sandbox === "none") appendFileSync(order.logPath, NOT_ENFORCED, { mode: 0o600 });
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
    close: () => supervisor.close(),
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
function placeOf(
  order: StepOrder,
  folders: BuildFolders,
  sandbox: Sandbox | "none" | undefined,
): Result<Place, string> {
  const { directory, volumes } = order;
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
