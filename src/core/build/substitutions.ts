/**
 * Cloud Build's substitutions: values first (`substitution-values.ts`), then the match check (`substitution-match.ts`),
 * then the fields (`substitution-fields.ts`). Begin with `applySubstitutions`.
 */
import type { BuildConfig } from "./build-config.ts";
import { BUILD_SETTINGS, type BuildSettings } from "./settings.ts";
import { withAutomap } from "./substitution-automap.ts";
import { fillFields } from "./substitution-fields.ts";
import type { BUILT_INS } from "./substitution-keys.ts";
import { findMismatches } from "./substitution-match.ts";
import { type ResolvedValues, resolveValues } from "./substitution-values.ts";

/** A built-in key. */
export type BuiltIn = (typeof BUILT_INS)[number];

export interface SubstitutionRequest {
  readonly config: BuildConfig;
  readonly builtIns: Readonly<Partial<Record<BuiltIn, string>>>;
  /** What the caller of this run sets; wins over the file's own map. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** A triggered build is always loose and always dynamic. */
  readonly origin: "manual" | "triggered";
  readonly settings?: BuildSettings;
}

export interface Substituted {
  readonly config: BuildConfig;
  /** Every key with its value, built-ins with a value included. */
  readonly values: Readonly<Record<string, string>>;
  /** What Google may refuse, in its words: keys that are used through automap only. */
  readonly warnings: readonly string[];
}

/** The configuration with every checked field replaced, or all complaints in Cloud Build's words. */
export function applySubstitutions(
  request: SubstitutionRequest,
): { readonly ok: true; readonly value: Substituted } | { readonly ok: false; readonly complaints: readonly string[] } {
  const { config, builtIns, overrides = {}, origin, settings = BUILD_SETTINGS } = request;
  const user = { ...config.substitutions, ...overrides };
  const isDynamic = origin === "triggered" || config.options?.dynamicSubstitutions === true;
  const isLoose = origin === "triggered" || config.options?.substitutionOption === "ALLOW_LOOSE";
  const known = { ...withoutUndefined(builtIns), ...user };
  const resolved = isDynamic ? resolveValues(known, settings.limits) : asGiven(known);
  const option = isLoose ? "ALLOW_LOOSE" : "MUST_MATCH";
  const matched = findMismatches({ config, user, used: resolved.used, option }, settings);
  const complaints = [...resolved.complaints, ...matched.complaints];
  if (complaints.length > 0) return { ok: false, complaints };
  const { values } = resolved;
  const filled = fillFields(config, values, settings.limits.substitutedLength);
  const mapped = filled.ok ? withAutomap(filled.value, values, settings.limits.substitutedLength) : filled;
  if (!mapped.ok) return { ok: false, complaints: [mapped.error] };
  return { ok: true, value: { config: mapped.value, values, warnings: matched.warnings } };
}

/** Without `dynamicSubstitutions` a value is used as it stands, `$` and all. */
function asGiven(values: Readonly<Record<string, string>>): ResolvedValues {
  return { values, used: new Set(), complaints: [] };
}

function withoutUndefined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
