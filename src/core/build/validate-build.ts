import { err, ok, type Result } from "../values/result.ts";
import type { BuildConfig, BuildStep } from "./build-config.ts";
import { goDuration, parseDuration } from "./duration.ts";
import { stepGraph } from "./step-graph.ts";
import { OVERRIDABLE_BUILT_INS } from "./substitution-keys.ts";

/** Limits of Cloud Build, as far as they are known. */
const LIMITS = {
  steps: 300,
  args: 100,
  argLength: 10_000,
  env: 100,
  envLength: 65_536,
  nameLength: 1_000,
  images: 100,
  tags: 64,
  substitutions: 200,
  substitutionKeyLength: 100,
  substitutionValueLength: 4_000,
  timeoutMs: 24 * 3_600_000,
  /** Used when a build gives none: proto comment; older pages say 10 minutes. */
  defaultTimeoutMs: 3_600_000,
  defaultQueueTtlMs: 3_600_000,
} as const;

const TAG = /^[\w][\w.-]{0,127}$/;
const IMAGE = /^[a-z0-9]+(?:[._:/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** What must hold before substitution: in Cloud Build's order, the first complaint alone, in its words. */
export function validateBuild(
  config: BuildConfig,
  overrides: Readonly<Record<string, string>> = {},
): Result<void, string> {
  for (const check of [
    checkTimeouts,
    checkSubstitutionKeys(overrides),
    checkSteps,
    checkEnv,
    checkSecrets,
    checkLogging,
  ]) {
    const complaint = check(config);
    if (complaint !== undefined) return err(complaint);
  }
  return ok(undefined);
}

/** What must hold of the fields after substitution. */
export function validateSubstituted(config: BuildConfig): Result<void, string> {
  for (const [index, step] of config.steps.entries()) {
    if (!IMAGE.test(step.name) || step.name.length > LIMITS.nameLength) {
      return err(`invalid build step name ${JSON.stringify(step.name)}: could not parse reference: ${step.name}`);
    }
    const long = (step.args ?? []).findIndex((arg) => arg.length > LIMITS.argLength);
    if (long >= 0) {
      return err(`invalid .steps field: build step ${index} arg ${long} too long (max: ${LIMITS.argLength})`);
    }
  }
  const badTag = config.tags?.find((tag) => !TAG.test(tag));
  if (badTag !== undefined) {
    return err(`invalid build tag ${JSON.stringify(badTag)}: must match format ${JSON.stringify(TAG.source)}`);
  }
  return checkImages(config.images ?? []);
}

/** The build's own time limit, in milliseconds. */
export function buildTimeoutMs(config: BuildConfig): number {
  const given = parseDuration(config.timeout ?? "0s") ?? 0;
  return given === 0 ? LIMITS.defaultTimeoutMs : given;
}

/** How long a build may wait for its start, in milliseconds. */
export function queueTtlMs(config: BuildConfig): number {
  const given = parseDuration(config.queueTtl ?? "0s") ?? 0;
  return given === 0 ? LIMITS.defaultQueueTtlMs : given;
}

function checkTimeouts(config: BuildConfig): string | undefined {
  const timeout = parseDuration(config.timeout ?? "0s") ?? 0;
  if (timeout < 0) return "invalid timeout: timeout must be >=0";
  if (timeout > LIMITS.timeoutMs) return `timeout exceeds the timeout limit of ${goDuration(LIMITS.timeoutMs)}`;
  const limit = buildTimeoutMs(config);
  for (const [index, step] of config.steps.entries()) {
    const own = parseDuration(step.timeout ?? "0s") ?? 0;
    const where = `invalid value for 'build.steps[${index}].timeout': value must be`;
    if (own < 0) return `${where} greater than or equal to 0`;
    if (own > limit) return `${where} less than or equal to build timeout value of "${goDuration(limit)}"`;
  }
  return undefined;
}

function checkSubstitutionKeys(overrides: Readonly<Record<string, string>>) {
  return (config: BuildConfig): string | undefined => {
    const all = { ...config.substitutions, ...overrides };
    const prefix = "invalid .substitutions field: ";
    if (Object.keys(all).length > LIMITS.substitutions)
      return `${prefix}number of substitutions exceeds ${LIMITS.substitutions}`;
    for (const [key, value] of Object.entries(all)) {
      if (!/^_[A-Z0-9_]+$/.test(key) && !OVERRIDABLE_BUILT_INS.has(key)) {
        return `${prefix}substitution key "${key}" does not respect format "^_[A-Z0-9_]+$" and is not an overridable built-in substitutions`;
      }
      if (key.length > LIMITS.substitutionKeyLength) return `${prefix}substitution key "${key}" is too long`;
      if (value.length > LIMITS.substitutionValueLength) return `${prefix}substitution value of "${key}" is too long`;
    }
    return undefined;
  };
}

function checkSteps(config: BuildConfig): string | undefined {
  const prefix = "invalid .steps field: ";
  if (config.steps.length === 0) return `${prefix}no build steps are specified`;
  if (config.steps.length > LIMITS.steps) return `${prefix}cannot specify more than ${LIMITS.steps} build steps`;
  const ids = new Set<string>();
  for (const [index, step] of config.steps.entries()) {
    const complaint = checkStep(step, index, ids);
    if (complaint !== undefined) return prefix + complaint;
  }
  const graph = stepGraph(config.steps);
  return graph.ok ? undefined : prefix + graph.error;
}

function checkStep(step: BuildStep, index: number, ids: Set<string>): string | undefined {
  const { name = "", id = "", args = [], script } = step;
  if (name === "") return `build step ${index} must specify name`;
  if (args.length > LIMITS.args) return `build step ${index} has too many args (max: ${LIMITS.args})`;
  if (script !== undefined && (args.length > 0 || step.entrypoint !== undefined)) {
    return `build step ${index} has both a script and args or an entrypoint; only one is allowed`;
  }
  if (id === "") return undefined;
  if (id === "-" || ids.has(id)) return `build step #${index} - "${id}": the ID is not unique`;
  ids.add(id);
  return undefined;
}

function checkEnv(config: BuildConfig): string | undefined {
  for (const [index, step] of config.steps.entries()) {
    if ((step.env ?? []).length > LIMITS.env)
      return `invalid .steps field: build step ${index} has too many envs (max: ${LIMITS.env})`;
    const bad = (step.env ?? []).find((entry) => !/^[^=]+=/.test(entry));
    if (bad !== undefined) {
      return `invalid .steps field: build step #${index} - "${step.id ?? ""}": the Env entry ${JSON.stringify(bad)} must be of the form "KEY=VALUE"`;
    }
    const long = (step.env ?? []).find((entry) => entry.length > LIMITS.envLength);
    if (long !== undefined) return `invalid .steps field: build step ${index} env ${long.split("=")[0]} too long`;
  }
  return undefined;
}

function checkSecrets(config: BuildConfig): string | undefined {
  const prefix = "invalid .secrets field: ";
  const defined = (config.availableSecrets?.secretManager ?? []).map((entry) => entry.env);
  const twice = defined.find((env, index) => defined.indexOf(env) !== index);
  if (twice !== undefined) return `${prefix}secretEnv "${twice}" is defined more than once`;
  const used = [...(config.options?.secretEnv ?? []), ...config.steps.flatMap((step) => step.secretEnv ?? [])];
  const unknown = used.find((env) => !defined.includes(env));
  if (unknown !== undefined) return `${prefix}secretEnv "${unknown}" is used without being defined`;
  const unused = defined.find((env) => !used.includes(env));
  if (unused !== undefined) return `${prefix}secretEnv "${unused}" is defined without being used`;
  for (const [index, step] of config.steps.entries()) {
    const plain = new Set((step.env ?? []).map((entry) => entry.split("=")[0]));
    const both = step.secretEnv?.find((env) => plain.has(env));
    if (both !== undefined) return `${prefix}step ${index} has secret and non-secret env "${both}"`;
  }
  return undefined;
}

function checkLogging(config: BuildConfig): string | undefined {
  if (config.serviceAccount === undefined || config.serviceAccount === "") return undefined;
  if (config.logsBucket !== undefined && config.logsBucket !== "") return undefined;
  if (config.options?.defaultLogsBucketBehavior === "REGIONAL_USER_OWNED_BUCKET") return undefined;
  if (["CLOUD_LOGGING_ONLY", "STACKDRIVER_ONLY", "NONE"].includes(config.options?.logging ?? "")) return undefined;
  return "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either CLOUD_LOGGING_ONLY / NONE logging options: invalid argument";
}

function checkImages(images: readonly string[]): Result<void, string> {
  if (images.length > LIMITS.images) return err(`cannot specify more than ${LIMITS.images} images`);
  for (const image of images) {
    if (image !== image.toLowerCase() && /[A-Z]/.test(image.split(/[:@]/)[0] ?? "")) {
      return err(`invalid image name ${JSON.stringify(image)} contains uppercase letters`);
    }
    if (!IMAGE.test(image)) return err(`invalid image name ${JSON.stringify(image)}`);
  }
  return ok(undefined);
}
