import type { Checked } from "../values/checked.ts";
import { checkShape } from "../yaml/check-shape.ts";
import { emptyEntries } from "../yaml/empty-entries.ts";
import { readYaml } from "../yaml/read-yaml.ts";
import { checkReferences } from "./check-references.ts";
import type { Platform } from "./platform.ts";
import { platformSchema } from "./platform-schema.ts";
import { toPlatform } from "./to-platform.ts";

/** Parses and checks `mobius.yaml`. `file` is the name that problems show. Every problem of a stage is found at once. */
export function parsePlatform(text: string, file: string): Checked<Platform> {
  const read = readYaml(text, file);
  if (!read.ok) return { ok: false, problems: read.error };
  const shaped = checkShape(read.value, platformSchema);
  if (!shaped.ok) return { ok: false, problems: [...shaped.error, ...emptyEntries(read.value)] };
  const platform = toPlatform(shaped.value);
  const problems = [...emptyEntries(read.value), ...checkReferences(platform, read.value)];
  const [first, ...rest] = problems.filter((problem) => problem.severity === "error");
  if (first !== undefined) return { ok: false, problems: [first, ...rest] };
  return { ok: true, value: platform, warnings: problems };
}
