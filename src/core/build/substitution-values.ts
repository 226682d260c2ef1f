import { expandWord } from "./bash-expansion.ts";
import { readWord } from "./bash-read-word.ts";
import { wordKeys } from "./bash-word.ts";
import type { BuildLimits } from "./settings.ts";
import { isBuiltIn } from "./substitution-keys.ts";

/** The values of a build's keys, once they are known. */
export interface ResolvedValues {
  readonly values: Readonly<Record<string, string>>;
  /** Keys that other keys' values refer to: they count as used. */
  readonly used: ReadonlySet<string>;
  readonly complaints: readonly string[];
}

/**
 * Resolves dynamic values: each may refer to built-ins and to other keys, in any order, with bash's operators (sections
 * 3.6 and 3.7 of our notes). A circle, and what bash would refuse, is a complaint in our words: Google's are unknown.
 */
export function resolveValues(raw: Readonly<Record<string, string>>, limits: BuildLimits): ResolvedValues {
  const values = new Map<string, string>();
  const used = new Set<string>();
  const complaints = new Set<string>();
  let stepsLeft = limits.expansionSteps;
  const spend = (steps: number) => {
    stepsLeft -= steps;
    return stepsLeft >= 0;
  };
  const resolve = (key: string, trail: readonly string[]): string | undefined => {
    const known = values.get(key);
    if (known !== undefined) return known;
    if (!Object.hasOwn(raw, key)) return isBuiltIn(key) ? "" : undefined;
    if (trail.includes(key)) {
      complaints.add(`substitution values refer to one another in a circle: ${[...trail, key].join(" -> ")}`);
      return "";
    }
    const word = readWord(raw[key] ?? "");
    if (word.ok) for (const other of wordKeys(word.value)) used.add(other);
    const value = (other: string) => resolve(other, [...trail, key]);
    const expanded = word.ok ? expandWord(word.value, { value, spend, maxLength: limits.resolvedValueLength }) : word;
    if (!expanded.ok) complaints.add(`substitution "${key}" cannot be evaluated: ${expanded.error}`);
    const text = expanded.ok ? expanded.value : "";
    values.set(key, text);
    return text;
  };
  for (const key of Object.keys(raw)) resolve(key, []);
  return { values: Object.fromEntries(values), used, complaints: [...complaints] };
}
