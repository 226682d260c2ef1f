import type { BuildConfig } from "./build-config.ts";
import type { BuildSettings } from "./settings.ts";
import { automapsSome } from "./substitution-automap.ts";
import { usedKeys } from "./substitution-fields.ts";
import { isBuiltIn } from "./substitution-keys.ts";

/** What the match check needs to know. */
export interface MatchRequest {
  readonly config: BuildConfig;
  /** Keys of the file, the trigger and the caller. */
  readonly user: Readonly<Record<string, string>>;
  /** Keys that other keys' values refer to. */
  readonly used: ReadonlySet<string>;
  readonly option: "MUST_MATCH" | "ALLOW_LOOSE";
}

/** What Google refuses, and what it may refuse: nobody knows. */
export interface Mismatches {
  readonly complaints: readonly string[];
  readonly warnings: readonly string[];
}

/** The messages of Cloud Build's match check. Google joins them in random order with `;`: compare them as a set. */
export function findMismatches(request: MatchRequest, settings: BuildSettings): Mismatches {
  const { config, option } = request;
  const template = usedKeys(config, settings.logsBucketKeys);
  const undefinedKeys = [...template].flatMap((key) => undefinedKey(key, request));
  if (option === "ALLOW_LOOSE") return { complaints: undefinedKeys, warnings: [] };
  const unused = unusedKeys(request, template, settings);
  if (settings.automappedKeys === "unused" || !automapsSome(config)) {
    return { complaints: [...undefinedKeys, ...unused], warnings: [] };
  }
  // A key that is a variable of a step may well be used there, and whether that counts is unknown.
  return { complaints: undefinedKeys, warnings: settings.automappedKeys === "used" ? [] : unused };
}

function undefinedKey(key: string, { user, option }: MatchRequest): readonly string[] {
  if (isBuiltIn(key)) return [];
  if (!key.startsWith("_")) {
    return [
      `invalid value for 'build.substitutions': key in the template "${key}" is not a valid built-in substitution`,
    ];
  }
  if (option === "ALLOW_LOOSE" || Object.hasOwn(user, key)) return [];
  return [`key in the template "${key}" is not matched in the substitution data`];
}

function unusedKeys(
  { user, used }: MatchRequest,
  template: ReadonlySet<string>,
  settings: BuildSettings,
): readonly string[] {
  return Object.keys(user)
    .filter((key) => !template.has(key) && !used.has(key))
    .filter((key) => !isBuiltIn(key) || settings.unusedBuiltIns === "refused")
    .map((key) => `key "${key}" in the substitution data is not matched in the template`);
}
