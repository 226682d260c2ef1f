import type { BuildConfig, BuildStep } from "./build-config.ts";

/** Built-in keys that every build knows; one without a value is the empty text, not an error. */
export const BUILT_INS = [
  "PROJECT_ID",
  "BUILD_ID",
  "PROJECT_NUMBER",
  "LOCATION",
  "TRIGGER_NAME",
  "COMMIT_SHA",
  "REVISION_ID",
  "SHORT_SHA",
  "REPO_NAME",
  "REPO_FULL_NAME",
  "BRANCH_NAME",
  "TAG_NAME",
  "REF_NAME",
  "TRIGGER_BUILD_CONFIG_PATH",
  "SERVICE_ACCOUNT_EMAIL",
  "SERVICE_ACCOUNT",
] as const;

/** A built-in key. */
export type BuiltIn = (typeof BUILT_INS)[number];

/** Built-ins that the caller of a submit or run may set. */
export const OVERRIDABLE_BUILT_INS: ReadonlySet<string> = new Set([
  "REPO_NAME",
  "BRANCH_NAME",
  "TAG_NAME",
  "REVISION_ID",
  "COMMIT_SHA",
  "SHORT_SHA",
]);

const TOKEN = /\$\$|\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))/g;

/**
 * Replaces the tokens of a text: `$NAME`, `${NAME}` and `$$`, nothing else; `$(…)`, `$1`, `${X:-y}` are literal. What is
 * put in is not read again. Exactly Cloud Build's tokenizer.
 */
export function substituteText(text: string, value: (key: string) => string): string {
  return text.replace(TOKEN, (token, braced?: string, bare?: string) =>
    token === "$$" ? "$" : value(braced ?? bare ?? ""),
  );
}

/** Keys that a text refers to, in order, repeated ones too, each with the place of its `$`. */
export function referencedKeys(text: string): readonly { readonly key: string; readonly at: number }[] {
  return [...text.matchAll(TOKEN)].flatMap((match) => {
    const key = match[1] ?? match[2];
    return key === undefined ? [] : [{ key, at: match.index }];
  });
}

export interface SubstitutionRequest {
  readonly config: BuildConfig;
  readonly builtIns: Readonly<Partial<Record<BuiltIn, string>>>;
  /** What the caller of this run sets; wins over the file's own map. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** A triggered build is always loose and always dynamic. */
  readonly origin: "manual" | "triggered";
}

export interface Substituted {
  readonly config: BuildConfig;
  /** Every key with its value, built-ins with a value included. */
  readonly values: Readonly<Record<string, string>>;
}

/** The configuration with every checked field replaced, or all complaints in Cloud Build's words. */
export function applySubstitutions(
  request: SubstitutionRequest,
): { readonly ok: true; readonly value: Substituted } | { readonly ok: false; readonly complaints: readonly string[] } {
  const { config, builtIns, overrides = {}, origin } = request;
  const user = { ...config.substitutions, ...overrides };
  const isDynamic = origin === "triggered" || config.options?.dynamicSubstitutions === true;
  const isLoose = origin === "triggered" || config.options?.substitutionOption === "ALLOW_LOOSE";
  const known = { ...withoutUndefined(builtIns), ...user };
  const resolved = isDynamic ? resolveDynamic(known) : { values: known, used: new Set<string>(), complaints: [] };
  const complaints = [...resolved.complaints, ...mismatches({ config, user, used: resolved.used, isLoose })];
  if (complaints.length > 0) return { ok: false, complaints };
  const replace = (text: string) => substituteText(text, (key) => resolved.values[key] ?? "");
  return {
    ok: true,
    value: { config: withAutomap(replaceFields(config, replace), config, resolved.values), values: resolved.values },
  };
}

/** Keys that the checked fields of a configuration refer to. */
function usedKeys(config: BuildConfig): ReadonlySet<string> {
  const keys = new Set<string>();
  replaceFields(config, (text) => {
    for (const { key } of referencedKeys(text)) keys.add(key);
    return text;
  });
  return keys;
}

interface Match {
  readonly config: BuildConfig;
  readonly user: Readonly<Record<string, string>>;
  readonly used: ReadonlySet<string>;
  readonly isLoose: boolean;
}

/** The messages of the match check. Google joins them in random order with `;`: compare them as a set. */
function mismatches({ config, user, used, isLoose }: Match): readonly string[] {
  const complaints: string[] = [];
  const template = usedKeys(config);
  for (const key of template) {
    if (!key.startsWith("_")) {
      if ((BUILT_INS as readonly string[]).includes(key)) continue;
      complaints.push(
        `invalid value for 'build.substitutions': key in the template "${key}" is not a valid built-in substitution`,
      );
    } else if (!isLoose && !Object.hasOwn(user, key)) {
      complaints.push(`key in the template "${key}" is not matched in the substitution data`);
    }
  }
  if (isLoose || automaps(config)) return complaints; // a key that reaches scripts as a variable may well be used there
  for (const key of Object.keys(user)) {
    if (!template.has(key) && !used.has(key)) {
      complaints.push(`key "${key}" in the substitution data is not matched in the template`);
    }
  }
  return complaints;
}

function automaps(config: BuildConfig): boolean {
  return (
    config.options?.automapSubstitutions === true || config.steps.some((step) => step.automapSubstitutions === true)
  );
}

/**
 * Values that refer to other keys, resolved transitively in any order. Bash operators (`${_X:-d}`) in a value are
 * refused rather than passed on as text, since Google would evaluate them.
 */
function resolveDynamic(raw: Readonly<Record<string, string>>): {
  readonly values: Readonly<Record<string, string>>;
  readonly used: ReadonlySet<string>;
  readonly complaints: readonly string[];
} {
  const values: Record<string, string> = {};
  const used = new Set<string>();
  const complaints: string[] = [];
  const resolve = (key: string, trail: readonly string[]): string => {
    if (values[key] !== undefined) return values[key];
    if (trail.includes(key)) {
      complaints.push(`substitution values refer to one another in a circle: ${[...trail, key].join(" -> ")}`);
      return "";
    }
    const text = raw[key] ?? "";
    if (/(?<!\$)(\$\$)*\$\{[A-Z_#!][A-Z0-9_]*[^A-Z0-9_}]/.test(text)) {
      complaints.push(`substitution "${key}" uses a bash operator, which this engine does not evaluate: ${text}`);
    }
    for (const reference of referencedKeys(text)) used.add(reference.key);
    values[key] = substituteText(text, (other) => resolve(other, [...trail, key]));
    return values[key];
  };
  for (const key of Object.keys(raw)) resolve(key, []);
  return { values, used, complaints: [...new Set(complaints)] };
}

/** Applies a function to every field that Cloud Build substitutes. Scripts and the map itself are not among them. */
function replaceFields(config: BuildConfig, replace: (text: string) => string): BuildConfig {
  const all = (texts: readonly string[]) => texts.map(replace);
  const { options, images, tags, artifacts, logsBucket, serviceAccount, availableSecrets } = config;
  return {
    ...config,
    steps: config.steps.map((step) => replaceStep(step, replace)),
    ...(images === undefined ? {} : { images: all(images) }),
    ...(tags === undefined ? {} : { tags: [...new Set(all(tags).filter((tag) => tag !== ""))] }),
    ...(logsBucket === undefined ? {} : { logsBucket: replace(logsBucket) }),
    ...(serviceAccount === undefined ? {} : { serviceAccount: replace(serviceAccount) }),
    ...(options?.env === undefined ? {} : { options: { ...options, env: all(options.env) } }),
    ...(artifacts === undefined ? {} : { artifacts: replaceArtifacts(artifacts, replace) }),
    ...(availableSecrets?.secretManager === undefined
      ? {}
      : {
          availableSecrets: {
            ...availableSecrets,
            secretManager: availableSecrets.secretManager.map((entry) => ({
              ...entry,
              versionName: replace(entry.versionName),
            })),
          },
        }),
  };
}

function replaceStep(step: BuildStep, replace: (text: string) => string): BuildStep {
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

type Artifacts = NonNullable<BuildConfig["artifacts"]>;

function replaceArtifacts(artifacts: Artifacts, replace: (text: string) => string): Artifacts {
  const { images, objects } = artifacts;
  return {
    ...artifacts,
    ...(images === undefined ? {} : { images: images.map(replace) }),
    ...(objects === undefined
      ? {}
      : { objects: { ...objects, location: replace(objects.location), paths: objects.paths.map(replace) } }),
  };
}

/** With automap on, every key is a variable of the step; what the step itself sets wins. */
function withAutomap(replaced: BuildConfig, asked: BuildConfig, values: Readonly<Record<string, string>>): BuildConfig {
  if (!automaps(asked)) return replaced;
  const mapped = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  return {
    ...replaced,
    steps: replaced.steps.map((step) =>
      (step.automapSubstitutions ?? asked.options?.automapSubstitutions) === true
        ? { ...step, env: [...mapped, ...(step.env ?? [])] }
        : step,
    ),
  };
}

function withoutUndefined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
