import type { BuildConfig, BuildStep } from "./build-config.ts";
import type { BuildLimits } from "./settings.ts";
import { stepGraph } from "./step-graph.ts";

/** Complaints about steps: each by itself, their ids, then what they wait for. */
export function checkSteps(config: BuildConfig, limits: BuildLimits): string | undefined {
  const prefix = "invalid .steps field: ";
  if (config.steps.length === 0) return `${prefix}no build steps are specified`;
  if (config.steps.length > limits.steps) return `${prefix}cannot specify more than ${limits.steps} build steps`;
  const ids = new Set<string>();
  for (const [index, step] of config.steps.entries()) {
    const complaint = checkStep(step, index, limits) ?? checkId(step, index, ids);
    if (complaint !== undefined) return prefix + complaint;
  }
  const graph = stepGraph(config.steps);
  return graph.ok ? undefined : prefix + graph.error;
}

function checkStep(step: BuildStep, index: number, limits: BuildLimits): string | undefined {
  const { name = "", args = [], dir = "", script } = step;
  if (name === "") return `build step ${index} must specify name`;
  if (args.length > limits.args) return `build step ${index} has too many args (max: ${limits.args})`;
  if (dir.length > limits.dirLength) return `build step ${index} dir too long (max: ${limits.dirLength})`;
  if (script !== undefined && (args.length > 0 || step.entrypoint !== undefined)) {
    return `build step ${index} has both a script and args or an entrypoint; only one is allowed`;
  }
  return undefined;
}

/** `-` is a word of `waitFor`, so that no step may be called so. */
function checkId({ id = "" }: BuildStep, index: number, ids: Set<string>): string | undefined {
  if (id === "") return undefined;
  if (id === "-" || ids.has(id)) return `build step #${index} - ${JSON.stringify(id)}: the ID is not unique`;
  ids.add(id);
  return undefined;
}
