import type { BuildLimits } from "./settings.ts";
import { OVERRIDABLE_BUILT_INS } from "./substitution-keys.ts";

/** Complaints about the keys and values of the file and the caller together. */
export function checkSubstitutionMap(
  substitutions: Readonly<Record<string, string>>,
  limits: BuildLimits,
): string | undefined {
  const prefix = "invalid .substitutions field: ";
  if (Object.keys(substitutions).length > limits.substitutions) {
    return `${prefix}number of substitutions exceeds ${limits.substitutions}`;
  }
  for (const [key, value] of Object.entries(substitutions)) {
    if (!/^_[A-Z0-9_]+$/.test(key) && !OVERRIDABLE_BUILT_INS.has(key)) {
      return `${prefix}substitution key "${key}" does not respect format "^_[A-Z0-9_]+$" and is not an overridable built-in substitutions`;
    }
    if (key.length > limits.substitutionKeyLength) return `${prefix}substitution key "${key}" is too long`;
    if (value.length > limits.substitutionValueLength) return `${prefix}substitution value of "${key}" is too long`;
  }
  return undefined;
}
