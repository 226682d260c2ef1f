import type { BuildStep } from "./build-config.ts";

/** Variables that change nothing about how a program runs: the engine's own, and substitutions. */
const HARMLESS = /^(MOBIUS_(IDEMPOTENT|STEP_TOKEN)|_[A-Z0-9_]+)$/;

/**
 * Whether a step may run code of a repository: every step may but a phase of ours, `mobius phase …` in the builder image
 * with nothing added. `variables`: the names of all that somebody gives it. A variable such as NODE_OPTIONS or GIT_SSH_COMMAND would make our program run somebody else's.
 */
export function mayRunRepositoryCode(step: BuildStep, variables: readonly string[]): boolean {
  const { name, entrypoint, script, args = [] } = step;
  const repository = name.replace(/@sha256:[0-9a-f]{64}$/, "").replace(/:[\w.-]+$/, "");
  const isOurs = /(^|\/)mobius$/.test(repository) && entrypoint === undefined && script === undefined;
  return !isOurs || args[0] !== "phase" || !variables.every((variable) => HARMLESS.test(variable));
}
