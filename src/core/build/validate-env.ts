import type { BuildConfig } from "./build-config.ts";
import type { BuildLimits } from "./settings.ts";

/** Complaints about variables: of each step, then of the whole build. */
export function checkEnv(config: BuildConfig, limits: BuildLimits): string | undefined {
  for (const [index, step] of config.steps.entries()) {
    const complaint = checkList(step.env ?? [], {
      limits,
      place: `build step ${index}`,
      named: `build step #${index} - ${JSON.stringify(step.id ?? "")}`,
    });
    if (complaint !== undefined) return `invalid .steps field: ${complaint}`;
  }
  const named = "build options";
  const complaint = checkList(config.options?.env ?? [], { limits, place: named, named });
  return complaint === undefined ? undefined : `invalid .options field: ${complaint}`;
}

function checkList(
  env: readonly string[],
  { limits, place, named }: { readonly limits: BuildLimits; readonly place: string; readonly named: string },
): string | undefined {
  if (env.length > limits.env) return `${place} has too many envs (max: ${limits.env})`;
  const bad = env.find((entry) => !/^[^=]+=/.test(entry));
  if (bad !== undefined) return `${named}: the Env entry ${JSON.stringify(bad)} must be of the form "KEY=VALUE"`;
  const long = env.find((entry) => entry.length > limits.envLength);
  return long === undefined ? undefined : `${place} env ${long.split("=")[0]} too long (max: ${limits.envLength})`;
}
