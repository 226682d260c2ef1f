import type { z } from "zod";
import type { YamlFile } from "../yaml/read-yaml.ts";
import { manifestSections } from "./manifest-schema.ts";

/** A key at the top of a manifest. */
export type SectionName = keyof typeof manifestSections;

/** What a section holds once it has the right form. */
export type SectionValue<K extends SectionName> = z.output<(typeof manifestSections)[K]>;

/**
 * A section by itself, less the entries that have the wrong form, so that a fault in one does not hide those of the
 * others. Undefined where the section as a whole has the wrong form.
 */
export function readSection<K extends SectionName>(file: YamlFile, key: K): SectionValue<K> | undefined {
  const value = (file.value as Record<string, unknown>)[key];
  const schema: z.ZodType = manifestSections[key];
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as SectionValue<K>;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const faulty = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
  const rest = schema.safeParse(Object.fromEntries(Object.entries(value).filter(([name]) => !faulty.has(name))));
  return rest.success ? (rest.data as SectionValue<K>) : undefined;
}
