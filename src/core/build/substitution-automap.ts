import { err, ok, type Result } from "../values/result.ts";
import type { BuildConfig } from "./build-config.ts";
import { BUILT_INS } from "./substitution-keys.ts";

/** Whether a key becomes a variable of any step. */
export function automapsSome(config: BuildConfig): boolean {
  return config.steps.some((_, step) => automaps(config, step));
}

/** The step's own word wins over the build's, either way. */
function automaps(config: BuildConfig, step: number): boolean {
  return (config.steps[step]?.automapSubstitutions ?? config.options?.automapSubstitutions) === true;
}

/**
 * Makes every built-in and user key a variable of the steps that ask for it. A name that the step has already, from `env`
 * or as a secret, its own or the build's, stays what it is: which one wins at Google is unknown.
 */
export function withAutomap(
  config: BuildConfig,
  values: Readonly<Record<string, string>>,
  maxLength: number,
): Result<BuildConfig, string> {
  const all = { ...Object.fromEntries(BUILT_INS.map((key) => [key, ""])), ...values };
  const length = Object.entries(all).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (length * config.steps.filter((_, step) => automaps(config, step)).length > maxLength) {
    return err(`automapSubstitutions puts more than ${maxLength} characters into the build`);
  }
  const steps = config.steps.map((step, index) => {
    if (!automaps(config, index)) return step;
    const given = new Set([
      ...[...(config.options?.env ?? []), ...(step.env ?? [])].map((entry) => entry.split("=")[0]),
      ...(config.options?.secretEnv ?? []),
      ...(step.secretEnv ?? []),
    ]);
    const mapped = Object.entries(all).flatMap(([key, value]) => (given.has(key) ? [] : [`${key}=${value}`]));
    return { ...step, env: [...mapped, ...(step.env ?? [])] };
  });
  return ok({ ...config, steps });
}
