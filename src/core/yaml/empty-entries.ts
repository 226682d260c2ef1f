import type { Problem } from "../values/problem.ts";
import { valueInvalid } from "./problems.ts";
import type { YamlFile } from "./read-yaml.ts";

/**
 * Entries of a section that stand there without a value, such as `commits: { mobius-chat: }`. A whole section may be
 * empty; an entry that says nothing would be passed over as if it were not there.
 */
export function emptyEntries(file: YamlFile): readonly Problem[] {
  return file.emptyKeys
    .filter((path) => path.length === 2)
    .map((path) => valueInvalid(file.whereOfKey(path), "it is empty"));
}
