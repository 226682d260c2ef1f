import type { BuildConfig } from "./build-config.ts";
import type { BuildLimits } from "./settings.ts";

type Check = (config: BuildConfig, limits: BuildLimits) => string | undefined;

/** Complaints about secrets, in the archived local builder's order and words. */
export function checkSecrets(config: BuildConfig, limits: BuildLimits): string | undefined {
  for (const check of [checkRepeatedUses, checkDefinitions, checkMatch, checkAmounts, checkPlainNames]) {
    const complaint = check(config, limits);
    if (complaint !== undefined) return `invalid .secrets field: ${complaint}`;
  }
  return undefined;
}

const checkRepeatedUses: Check = ({ options, steps }) => {
  const global = options?.secretEnv ?? [];
  const twiceForAll = repeated(global);
  if (twiceForAll !== undefined) return `Build uses global secretEnv "${twiceForAll}" more than once`;
  for (const [index, { secretEnv = [] }] of steps.entries()) {
    const twice = repeated(secretEnv);
    if (twice !== undefined) return `Step ${index} uses the secretEnv "${twice}" more than once`;
    const again = secretEnv.find((name) => global.includes(name));
    if (again !== undefined) return `Step ${index} uses the global secretEnv "${again}"`;
  }
  return undefined;
};

const checkDefinitions: Check = (config) => {
  const secrets = config.secrets ?? [];
  const twiceUsed = repeated(secrets.map(({ kmsKeyName = "" }) => kmsKeyName));
  if (twiceUsed !== undefined) return `kmsKeyName "${twiceUsed}" is used by more than one secret`;
  const empty = secrets.findIndex(({ secretEnv = {} }) => Object.keys(secretEnv).length === 0);
  if (empty >= 0) return `secret ${empty} defines no secretEnvs`;
  const twice = repeated(definedNames(config));
  return twice === undefined ? undefined : `secretEnv "${twice}" is defined more than once`;
};

const checkMatch: Check = (config) => {
  const defined = new Set(definedNames(config));
  const used = [...(config.options?.secretEnv ?? []), ...config.steps.flatMap((step) => step.secretEnv ?? [])];
  const unknown = used.find((name) => !defined.has(name));
  if (unknown !== undefined) return `secretEnv "${unknown}" is used without being defined`;
  const unused = [...defined].find((name) => !used.includes(name));
  return unused === undefined ? undefined : `secretEnv "${unused}" is defined without being used`;
};

const checkAmounts: Check = (config, limits) => {
  if (definedNames(config).length > limits.secrets) return `build defines more than ${limits.secrets} secret values`;
  const large = encryptedValues(config).find(([, value]) => base64Bytes(value) > limits.secretBytes);
  return large === undefined ? undefined : `secretEnv value for "${large[0]}" cannot exceed ${limits.secretBytes}B`;
};

/** A name is either secret or not, whether the step or the build gives it. */
const checkPlainNames: Check = ({ options, steps }) => {
  for (const [index, step] of steps.entries()) {
    const entries = [...(options?.env ?? []), ...(step.env ?? [])];
    const plain = new Set(entries.map((entry) => entry.split("=")[0]));
    const both = [...(options?.secretEnv ?? []), ...(step.secretEnv ?? [])].find((name) => plain.has(name));
    if (both !== undefined) return `step ${index} has secret and non-secret env "${both}"`;
  }
  return undefined;
};

/** Names of all three kinds of secrets, repeated ones too. */
function definedNames(config: BuildConfig): readonly string[] {
  const named = (config.availableSecrets?.secretManager ?? []).map(({ env = "" }) => env);
  return [...named, ...encryptedValues(config).map(([name]) => name)];
}

function encryptedValues({ availableSecrets, secrets }: BuildConfig): readonly (readonly [string, string])[] {
  const maps = [
    ...(availableSecrets?.inline ?? []).map(({ envMap }) => envMap),
    ...(secrets ?? []).map(({ secretEnv }) => secretEnv),
  ];
  return maps.flatMap((map) => Object.entries(map ?? {}));
}

function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** How many bytes a text in base64 stands for. */
function base64Bytes(text: string): number {
  return Math.floor((text.replace(/=+$/, "").length * 3) / 4);
}
