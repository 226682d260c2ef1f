/**
 * What Cloud Build refuses, in its order and its words: the first complaint alone. The messages are those of the archived
 * local builder and of public issues; where neither has one, the words are ours. Each idea has a file `validate-*.ts`.
 */
import { err, ok, type Result } from "../values/result.ts";
import type { BuildConfig } from "./build-config.ts";
import { BUILD_SETTINGS, type BuildSettings } from "./settings.ts";
import { checkArtifacts } from "./validate-artifacts.ts";
import { checkEnv } from "./validate-env.ts";
import { checkImages, checkStepImage } from "./validate-images.ts";
import { checkOptions } from "./validate-options.ts";
import { checkSecrets } from "./validate-secrets.ts";
import { checkSteps } from "./validate-steps.ts";
import { checkSubstitutionMap } from "./validate-substitution-map.ts";
import { checkTimeouts, givenMs } from "./validate-timeouts.ts";
import { checkVolumes } from "./validate-volumes.ts";

type Overrides = Readonly<Record<string, string>>;

/** Everything that must hold before substitution. The match check, which belongs in between, is `applySubstitutions`. */
export function validateBuild(
  config: BuildConfig,
  overrides: Overrides = {},
  settings: BuildSettings = BUILD_SETTINGS,
): Result<void, string> {
  const before = validateBeforeMatch(config, overrides, settings);
  return before.ok ? validateAfterMatch(config, settings) : before;
}

/** What Cloud Build checks before it compares keys with fields: time limits, the map, artifacts, steps. */
export function validateBeforeMatch(
  config: BuildConfig,
  overrides: Overrides = {},
  settings: BuildSettings = BUILD_SETTINGS,
): Result<void, string> {
  const substitutions = { ...config.substitutions, ...overrides };
  return firstOf(
    checkTimeouts(config, settings) ??
      checkSubstitutionMap(substitutions, settings.limits) ??
      checkArtifacts(config, settings.limits) ??
      checkSteps(config, settings.limits),
  );
}

/** What it checks after that, still before it replaces anything: volumes, env, secrets, options. */
export function validateAfterMatch(
  config: BuildConfig,
  settings: BuildSettings = BUILD_SETTINGS,
): Result<void, string> {
  return firstOf(
    checkVolumes(config) ??
      checkEnv(config, settings.limits) ??
      checkSecrets(config, settings.limits) ??
      checkOptions(config),
  );
}

/** The build's own time limit, in milliseconds. */
export function buildTimeoutMs(config: BuildConfig, settings: BuildSettings = BUILD_SETTINGS): number {
  return givenMs(config.timeout) || settings.defaultTimeoutMs;
}

/** How long a build may wait for its start, in milliseconds. */
export function queueTtlMs(config: BuildConfig, settings: BuildSettings = BUILD_SETTINGS): number {
  return givenMs(config.queueTtl) || settings.defaultQueueTtlMs;
}

const TAG = /^[\w][\w.-]{0,127}$/;

/** What must hold of the fields after substitution. */
export function validateSubstituted(
  config: BuildConfig,
  settings: BuildSettings = BUILD_SETTINGS,
): Result<void, string> {
  const { limits } = settings;
  for (const [index, step] of config.steps.entries()) {
    const complaint = checkStepImage(step.name, limits);
    if (complaint !== undefined) return err(complaint);
    // Google measures arguments after substitution, unlike the archived local builder.
    const long = (step.args ?? []).findIndex((arg) => arg.length > limits.argLength);
    if (long >= 0) {
      const message = `build step ${index} arg ${long} too long (max: ${limits.argLength})`;
      return err(`invalid build: invalid .steps field: ${message}`);
    }
  }
  return firstOf(
    checkTags(config.tags ?? [], limits.tags) ??
      checkImages(config.images ?? [], limits) ??
      checkImages(config.artifacts?.images ?? [], limits) ??
      // Again: a location or a path may have become something else.
      checkArtifacts(config, limits),
  );
}

function checkTags(tags: readonly string[], limit: number): string | undefined {
  if (tags.length > limit) return `number of tags ${tags.length} exceeded (max: ${limit})`;
  const bad = tags.find((tag) => !TAG.test(tag));
  if (bad === undefined) return undefined;
  return `invalid build tag ${JSON.stringify(bad)}: must match format ${JSON.stringify(TAG.source)}`;
}

function firstOf(complaint: string | undefined): Result<void, string> {
  return complaint === undefined ? ok(undefined) : err(complaint);
}
