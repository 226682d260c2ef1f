import type { YamlPath } from "../yaml/read-yaml.ts";
import type { FoundValue } from "./found.ts";
import type { InputLeaves } from "./input-leaves.ts";
import type { Leave } from "./read-settings.ts";

const VARIABLE = /^[A-Za-z_]\w*$/;
const SECRET_NAME = /^[\w-]+$/;
const VERSION = /^(latest|\d+)$/;

/**
 * A container's variables, plain and of secrets. `aliases` are names that stand for secrets elsewhere (Knative's annotation);
 * what cannot be taken is left under the variable's name.
 */
export function readContainerVariables(
  leaves: InputLeaves,
  container: YamlPath,
  aliases: ReadonlyMap<string, string>,
  leave: Leave,
): Readonly<Record<string, FoundValue>> {
  const list = leaves.peek([...container, "env"]);
  const found: Record<string, FoundValue> = {};
  if (!Array.isArray(list)) return found;
  for (const index of list.keys()) {
    const entry = [...container, "env", index];
    const name = leaves.text([...entry, "name"]) ?? "";
    const refuse = (because: string) => {
      for (const { path, value } of leaves.drain(entry))
        leave([...container, "env", name, ...path.slice(entry.length)], because, value);
      leave([...container, "env", name], because);
    };
    if (!VARIABLE.test(name)) refuse("it has no name that a variable can have");
    else if (Object.hasOwn(found, name)) refuse("the variable stands here twice, and the first one was taken");
    else {
      const value = readValue(leaves, entry, aliases);
      if (typeof value === "string") refuse(value);
      else found[name] = value;
    }
  }
  return found;
}

/** A text is why it cannot be taken. */
function readValue(leaves: InputLeaves, entry: YamlPath, aliases: ReadonlyMap<string, string>): FoundValue | string {
  for (const [source, nameKey, versionKey] of [
    ["valueFrom", "name", "key"],
    ["valueSource", "secret", "version"],
  ] as const) {
    const reference = [...entry, source, "secretKeyRef"];
    const named = leaves.peek([...reference, nameKey]);
    if (typeof named !== "string") continue;
    const version = leaves.peek([...reference, versionKey]) ?? "latest";
    const resource = aliases.get(named) ?? named;
    const secret = /^projects\/[^/]+\/secrets\/([^/]+)$/.exec(resource)?.[1] ?? resource;
    if (!SECRET_NAME.test(secret) || typeof version !== "string" || !VERSION.test(version)) {
      return "mobius.yaml has no form for this reference to a secret";
    }
    leaves.text([...reference, nameKey]);
    leaves.text([...reference, versionKey]);
    return { kind: "secret", secret, version };
  }
  if (leaves.peek([...entry, "valueFrom"]) !== undefined || leaves.peek([...entry, "valueSource"]) !== undefined) {
    return "its value comes from something that mobius.yaml has no form for";
  }
  return { kind: "text", value: leaves.text([...entry, "value"]) ?? "" };
}

/** Knative's `alias:projects/N/secrets/NAME,…`. */
export function secretAliases(annotation: string | undefined): ReadonlyMap<string, string> {
  return new Map(
    (annotation ?? "").split(",").flatMap((pair): [string, string][] => {
      const at = pair.indexOf(":");
      return at < 1 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]];
    }),
  );
}
