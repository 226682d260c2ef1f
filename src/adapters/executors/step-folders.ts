import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { StepOrder } from "../../ports/step-executor.ts";

/** Where Cloud Build's steps find the source. */
export const WORKSPACE = "/workspace";
/** Their home, which all steps share. */
export const HOME = "/builder/home";
/** The folder behind `$BUILDER_OUTPUT`, a step's own. */
export const OUTPUTS = "/builder/outputs";
/** Where a container finds the text of a `script` step. */
export const SCRIPT = "/builder/script";

/** The folders of a build, beneath its own. */
export interface BuildFolders {
  readonly own: string;
  readonly workspace: string;
  readonly home: string;
  readonly steps: string;
  readonly volumes: string;
}

/** The folders' paths; nothing is made. */
export function buildFolders(directory: string): BuildFolders {
  return {
    own: directory,
    workspace: join(directory, "workspace"),
    home: join(directory, "home"),
    steps: join(directory, "steps"),
    volumes: join(directory, "volumes"),
  };
}

/** Makes what is missing of a build's folders. */
export function makeBuildFolders(folders: BuildFolders): void {
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** The name of a try's process, and of its files. */
export function processId(attempt: { readonly step: number; readonly try: number }): string {
  return `step-${attempt.step}-try-${attempt.try}`;
}

/** The folder that the try knows as `$BUILDER_OUTPUT`; made. */
export function makeOutputs(folders: BuildFolders, order: StepOrder): string {
  const outputs = join(folders.steps, `${processId(order)}.outputs`);
  makeFolder(outputs);
  return outputs;
}

/** The build's folder behind a volume's name; made. Names are checked: `[a-zA-Z0-9._-]`. */
export function makeVolume(folders: BuildFolders, name: string): string {
  const folder = join(folders.volumes, name);
  makeFolder(folder);
  return folder;
}

/** Looking for folders above first, as the recursive way does, would cost a step several times as much. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (cause) {
    if ((cause as { code?: string }).code !== "EEXIST") throw cause;
  }
}

/** Writes a step's script to a file: a first line `#!` chooses the interpreter, otherwise it is `/bin/sh`. */
export function writeScript(folders: BuildFolders, order: StepOrder, script: string): string {
  const path = join(folders.steps, `${processId(order)}.script`);
  writeFileSync(path, script.startsWith("#!") ? script : `#!/bin/sh\n${script}`, { mode: 0o755 });
  chmodSync(path, 0o755); // a container may run it as another user
  return path;
}

/** The program that a script's first line names, with its one argument, as the kernel reads it; the file is ours. */
export function interpreterOf(path: string): readonly string[] {
  const [line = ""] = readFileSync(path, "utf8").split("\n", 1);
  const [, program = "/bin/sh", argument] = /^#!\s*(\S+)(?:\s+(.*\S))?\s*$/.exec(line) ?? [];
  return argument === undefined ? [program] : [program, argument];
}

/** A path that steps see, as the host's; undefined where it lies neither in the workspace nor in the home. */
export function hostPath(folders: BuildFolders, path: string): string | undefined {
  for (const [seen, folder] of [
    [WORKSPACE, folders.workspace],
    [HOME, folders.home],
  ] as const) {
    const below = posix.relative(seen, path);
    if (below !== ".." && !below.startsWith("../")) return join(folder, below);
  }
  return undefined;
}
