import type { BuildConfig } from "./build-config.ts";
import { goDuration, parseDuration } from "./duration.ts";
import type { BuildSettings } from "./settings.ts";

/** Complaints about time limits: of the build, of its wait, of a step, which cannot have more than its build. */
export function checkTimeouts(config: BuildConfig, settings: BuildSettings): string | undefined {
  const { timeoutMs } = settings.limits;
  const timeout = givenMs(config.timeout);
  if (timeout < 0) return "invalid timeout: timeout must be >=0";
  if (timeout > timeoutMs) return `timeout exceeds the timeout limit of ${goDuration(timeoutMs)}`;
  if (givenMs(config.queueTtl) < 0) return "invalid queue_ttl: queue_ttl must be >=0";
  const limit = timeout === 0 ? settings.defaultTimeoutMs : timeout;
  for (const [index, step] of config.steps.entries()) {
    const own = givenMs(step.timeout);
    const where = `invalid value for 'build.steps[${index}].timeout': value must be`;
    if (own < 0) return `${where} greater than or equal to 0`;
    if (own > limit) return `${where} less than or equal to build timeout value of "${goDuration(limit)}"`;
  }
  return undefined;
}

/** A field's duration in milliseconds; 0 where it is not given, which Google takes for "not given" too. */
export function givenMs(duration: string | undefined): number {
  return parseDuration(duration ?? "0s") ?? 0;
}
