import { mkdirSync } from "node:fs";
import type { StepOrder } from "../../ports/step-executor.ts";
import type { Bind } from "./sandbox.ts";
import { stepEnvironment } from "./step-environment.ts";
import {
  type BuildFolders,
  HOME,
  hostPath,
  makeOutputs,
  makeVolume,
  OUTPUTS,
  SCRIPT,
  WORKSPACE,
  writeScript,
} from "./step-folders.ts";

/** The host's folders that a step's container sees, and its script where it is one. What is missing of them is made. */
export function containerBinds(
  folders: BuildFolders,
  order: StepOrder,
): { readonly binds: readonly Bind[]; readonly script: string | undefined } {
  const script = order.config.script === undefined ? undefined : writeScript(folders, order, order.config.script);
  const inWorkspace = hostPath(folders, order.directory);
  if (inWorkspace !== undefined) mkdirSync(inWorkspace, { recursive: true });
  const binds = [
    { from: folders.workspace, to: WORKSPACE },
    { from: folders.home, to: HOME },
    { from: makeOutputs(folders, order), to: OUTPUTS },
    ...(script === undefined ? [] : [{ from: script, to: SCRIPT }]),
    ...order.volumes.map(({ name, path }) => ({ from: makeVolume(folders, name), to: path })),
  ];
  return { binds, script };
}

/** A container's variables over those of its image. The host's PATH means nothing in there. */
export function containerEnvironment(
  order: StepOrder,
  imageEnv: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { PATH: _, ...engineEnv } = order.engineEnv;
  return stepEnvironment(order, { ...imageEnv, HOME, BUILDER_OUTPUT: OUTPUTS, ...engineEnv });
}
