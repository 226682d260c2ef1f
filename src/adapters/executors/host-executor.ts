/**
 * Runs steps as processes on the host's own tools: a builder image stands for a program (`builder-images.ts`), and
 * `/workspace` for the build's workspace folder. Begin with `createHostExecutor`.
 */
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { NonEmpty } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { ExitRecord, Supervisor, Supervisors } from "../../ports/processes.ts";
import type { ExecutedOutcome, RunningStep, StepExecutor, StepOrder, StepSession } from "../../ports/step-executor.ts";
import { builderImage, MAPPED_IMAGES } from "./builder-images.ts";
import { readExitRecord } from "./exit-records.ts";
import { NOT_ENFORCED, type Sandbox } from "./sandbox.ts";

export interface HostExecutorOptions {
  readonly supervisors: Supervisors;
  /** What runs this installation's `mobius`: for the image `…/mobius`. */
  readonly mobiusCommand: NonEmpty<string>;
  /** What keeps a step to its own build; `none` where the machine has nothing of the kind, which each log then says. */
  readonly sandbox?: Sandbox | "none";
}

/** Steps on the host. The order's `env` must hold a PATH: nothing of the server's environment reaches a step. */
export function createHostExecutor(options: HostExecutorOptions): StepExecutor {
  return {
    async open({ id, directory }) {
      const folders = foldersOf(directory);
      for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
      const supervisor = await options.supervisors.open({ name: `build-${id}`, directory: folders.steps });
      return session({ supervisor, directory, folders, mobius: options.mobiusCommand, sandbox: options.sandbox });
    },
    async recorded({ directory }, attempt) {
      const outcome = readExitRecord(foldersOf(directory).steps, processId(attempt));
      return outcome === undefined ? undefined : { outcome };
    },
    sweep: () => options.supervisors.sweep(),
  };
}

interface Folders {
  readonly workspace: string;
  readonly home: string;
  readonly gcloud: string;
  readonly steps: string;
}

function foldersOf(directory: string): Folders {
  const home = join(directory, "home");
  return {
    workspace: join(directory, "workspace"),
    home,
    gcloud: join(home, ".gcloud"),
    steps: join(directory, "steps"),
  };
}

interface SessionParts {
  readonly supervisor: Supervisor;
  /** The build's own folder. */
  readonly directory: string;
  readonly folders: Folders;
  readonly mobius: readonly string[];
  readonly sandbox: Sandbox | "none" | undefined;
}

function session({ supervisor, directory, folders, mobius, sandbox }: SessionParts): StepSession {
  return {
    workspace: folders.workspace,
    async start(order) {
      const command = commandOf(order, folders, mobius);
      if (!command.ok) return notStarted(command.error);
      const { argv, cwd, imageEnv } = command.value;
      const outputs = join(folders.steps, `${processId(order)}.outputs`);
      makeFolder(outputs);
      // The workspace is there already, and most steps work in it.
      if (cwd !== folders.workspace) mkdirSync(cwd, { recursive: true });
      const env: Record<string, string> = {
        HOME: folders.home,
        BUILDER_OUTPUT: outputs,
        CLOUDSDK_CONFIG: folders.gcloud,
        ...imageEnv,
        ...order.env,
      };
      for (const [name, secret] of Object.entries(order.secretEnv)) env[name] ??= secret.reveal();
      const mask = Object.values(order.secretEnv);
      if (sandbox === "none") appendFileSync(order.logPath, NOT_ENFORCED, { mode: 0o600 });
      const wrap = sandbox === undefined || sandbox === "none" ? [] : sandbox.wrap({ own: directory, cwd });
      const { logPath } = order;
      const running = await supervisor.start({ id: processId(order), argv, wrap, cwd, env, logPath, mask });
      return {
        ended: running.exited.then(({ outcome }) => ({ outcome: explain(outcome, order) })),
        stop: async (graceMs) => void (await running.stop(graceMs)),
      };
    },
    close: () => supervisor.close(),
  };
}

/** Looking for folders above first, as the recursive way does, would cost a step several times as much. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EEXIST") throw cause;
  }
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

interface Command {
  readonly argv: NonEmpty<string>;
  readonly cwd: string;
  readonly imageEnv: Readonly<Record<string, string>>;
}

function commandOf(order: StepOrder, folders: Folders, mobius: readonly string[]): Result<Command, string> {
  const { name, entrypoint, args = [], script, volumes = [] } = order.config;
  const image = builderImage(name, mobius);
  if (image === undefined) {
    return err(
      `the host executor has no program for image "${name}": use one of ${MAPPED_IMAGES.join(", ")}, or run this build with containers`,
    );
  }
  if (volumes.length > 0) return err("the host executor has no volumes: keep the files beneath /workspace");
  const cwd = hostDirectory(order.directory, folders.workspace);
  if (cwd === undefined) {
    return err(`the host executor cannot work in "${order.directory}": use a directory beneath /workspace`);
  }
  const argv =
    script === undefined
      ? [...(entrypoint === undefined ? image.entrypoint : [entrypoint]), ...args]
      : [scriptFile(script, join(folders.steps, `${processId(order)}.script`))];
  if (!isNonEmpty(argv)) return err(`image "${name}" has no entrypoint: give args, an entrypoint or a script`);
  return ok({ argv, cwd, imageEnv: image.env ?? {} });
}

/** A first line `#!` chooses the interpreter; otherwise it is `/bin/sh`, as on Cloud Build. */
function scriptFile(script: string, path: string): string {
  writeFileSync(path, script.startsWith("#!") ? script : `#!/bin/sh\n${script}`, { mode: 0o700 });
  chmodSync(path, 0o700);
  return path;
}

function hostDirectory(directory: string, workspace: string): string | undefined {
  const below = posix.relative("/workspace", directory);
  return below === ".." || below.startsWith("../") ? undefined : join(workspace, below);
}

function processId(attempt: { readonly step: number; readonly try: number }): string {
  return `step-${attempt.step}-try-${attempt.try}`;
}

function isNonEmpty(list: readonly string[]): list is NonEmpty<string> {
  return list.length > 0;
}
