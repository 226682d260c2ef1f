import { err, ok, type Result } from "../values/result.ts";
import type { BuildConfig, BuildStep } from "./build-config.ts";
import { referencedKeys, substituteText } from "./substitution-keys.ts";

type Replace = (text: string) => string;

/**
 * The configuration with its keys replaced by their values; a key without one is empty. The error says that it would
 * become too long: a few short values can be asked for in a million places.
 */
export function fillFields(
  config: BuildConfig,
  values: Readonly<Record<string, string>>,
  maxLength: number,
): Result<BuildConfig, string> {
  let left = maxLength;
  const give = (key: string): string => {
    const value = Object.hasOwn(values, key) ? (values[key] ?? "") : "";
    left -= value.length;
    return left < 0 ? "" : value;
  };
  const filled = replaceFields(config, (text) => substituteText(text, give));
  return left < 0 ? err(`substitutions put more than ${maxLength} characters into the build`) : ok(filled);
}

/**
 * Applies a function to every field that Cloud Build substitutes: those of its validator, and those in which public files
 * have substitutions. Scripts, secret values, ids and the map itself are not among them.
 */
function replaceFields(config: BuildConfig, replace: Replace): BuildConfig {
  const replaced = replaceCheckedFields(config, replace);
  return config.logsBucket === undefined ? replaced : { ...replaced, logsBucket: replace(config.logsBucket) };
}

/** Keys that the checked fields refer to: all that are replaced, with or without `logsBucket`. */
export function usedKeys(config: BuildConfig, logsBucket: "checked" | "unchecked"): ReadonlySet<string> {
  const keys = new Set<string>();
  const note = (text: string) => {
    for (const { key } of referencedKeys(text)) keys.add(key);
    return text;
  };
  if (logsBucket === "checked") replaceFields(config, note);
  else replaceCheckedFields(config, note);
  return keys;
}

function replaceCheckedFields(config: BuildConfig, replace: Replace): BuildConfig {
  const { options, images, tags, artifacts, serviceAccount, availableSecrets } = config;
  return {
    ...config,
    steps: config.steps.map((step) => replaceStep(step, replace)),
    ...(images === undefined ? {} : { images: images.map(replace) }),
    ...(tags === undefined ? {} : { tags: replaceTags(tags, replace) }),
    ...(serviceAccount === undefined ? {} : { serviceAccount: replace(serviceAccount) }),
    ...(options === undefined ? {} : { options: replaceOptions(options, replace) }),
    ...(artifacts === undefined ? {} : { artifacts: replaceArtifacts(artifacts, replace) }),
    ...(availableSecrets === undefined ? {} : { availableSecrets: replaceSecrets(availableSecrets, replace) }),
  };
}

/** Tags that became empty go, and so do repeated ones; the order stays. */
function replaceTags(tags: readonly string[], replace: Replace): readonly string[] {
  return [...new Set(tags.map(replace).filter((tag) => tag !== ""))];
}

function replaceStep(step: BuildStep, replace: Replace): BuildStep {
  const { args, env, dir, entrypoint } = step;
  return {
    ...step,
    name: replace(step.name ?? ""),
    ...(args === undefined ? {} : { args: args.map(replace) }),
    ...(env === undefined ? {} : { env: env.map(replace) }),
    ...(dir === undefined ? {} : { dir: replace(dir) }),
    ...(entrypoint === undefined ? {} : { entrypoint: replace(entrypoint) }),
  };
}

type Options = NonNullable<BuildConfig["options"]>;

function replaceOptions(options: Options, replace: Replace): Options {
  const { env, pool } = options;
  return {
    ...options,
    ...(env === undefined ? {} : { env: env.map(replace) }),
    ...(pool?.name === undefined ? {} : { pool: { ...pool, name: replace(pool.name) } }),
  };
}

type Artifacts = NonNullable<BuildConfig["artifacts"]>;

function replaceArtifacts(artifacts: Artifacts, replace: Replace): Artifacts {
  const { images, objects, mavenArtifacts, pythonPackages } = artifacts;
  return {
    ...artifacts,
    ...(images === undefined ? {} : { images: images.map(replace) }),
    ...(objects === undefined ? {} : { objects: replaceObjects(objects, replace) }),
    ...(mavenArtifacts === undefined ? {} : { mavenArtifacts: replaceRepositories(mavenArtifacts, replace) }),
    ...(pythonPackages === undefined ? {} : { pythonPackages: replaceRepositories(pythonPackages, replace) }),
  };
}

type Objects = NonNullable<Artifacts["objects"]>;

/** A location ends with a slash, as Google adds one. Either part may be missing in a file that is refused later. */
function replaceObjects(objects: Objects, replace: Replace): Objects {
  const { location, paths } = objects;
  return {
    ...objects,
    ...(location === undefined ? {} : { location: replace(location).replace(/(?<=[^/])$/, "/") }),
    ...(paths === undefined ? {} : { paths: paths.map(replace) }),
  };
}

type Published = NonNullable<Artifacts["mavenArtifacts"]>;

function replaceRepositories(published: Published, replace: Replace): Published {
  return published.map((each) =>
    each.repository === undefined ? each : { ...each, repository: replace(each.repository) },
  );
}

type Secrets = NonNullable<BuildConfig["availableSecrets"]>;

function replaceSecrets(secrets: Secrets, replace: Replace): Secrets {
  if (secrets.secretManager === undefined) return secrets;
  const secretManager = secrets.secretManager.map((entry) =>
    entry.versionName === undefined ? entry : { ...entry, versionName: replace(entry.versionName) },
  );
  return { ...secrets, secretManager };
}
