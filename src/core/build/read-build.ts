import type { BuildConfig } from "./build-config.ts";
import { BUILD, camelCase, type FieldKind, type Message, snakeCase, VERBATIM_MAPS } from "./build-schema.ts";
import { goName, integerOf, isMapping, nameOf } from "./parse-values.ts";

/**
 * Who wrote it decides what is forgiven. `lenient` is gcloud's reading of a file: snake_case, a scalar for a list. `json`
 * is the API's (proto3 JSON): numeric enums, both spellings of a name, but a list is a list. `strict` is the server's
 * reading of a trigger's file: proto3 JSON by Go's jsonpb, in whose words it complains.
 */
export type Dialect = "lenient" | "json" | "strict";

/** Something that does not fit the schema. `path` leads to it through the value as it was written. */
export interface Misfit {
  readonly path: readonly (string | number)[];
  /** `unused` is gcloud's word for a field that the schema does not have. */
  readonly kind: "unused" | "wrong-type" | "bad-enum";
  readonly message: string;
}

/**
 * Reads a plain value into a configuration: all misfits at once, or the configuration without output-only fields. An
 * unknown field comes after all that is wrong beneath its level, as Go's jsonpb finds it.
 */
export function readBuild(
  value: unknown,
  dialect: Dialect,
): { readonly config: BuildConfig; readonly misfits: readonly Misfit[] } {
  const { fields, misfits } = readByTable(value, BUILD, dialect);
  // The schema's table and the type name the same fields; `steps` is what a configuration may lack when it is broken.
  return { config: { steps: [], ...fields } as BuildConfig, misfits };
}

/** Reads a plain value by any table of fields, as `readBuild` does by a build's. */
export function readByTable(
  value: unknown,
  table: Message,
  dialect: Dialect,
): { readonly fields: Readonly<Record<string, unknown>>; readonly misfits: readonly Misfit[] } {
  const misfits: Misfit[] = [];
  return { fields: readMessage(value, table, { dialect, path: [], misfits }), misfits };
}

interface Reading {
  readonly dialect: Dialect;
  readonly path: readonly (string | number)[];
  readonly misfits: Misfit[];
}

function readMessage(value: unknown, { name: type, fields }: Message, at: Reading): Record<string, unknown> {
  if (!isMapping(value)) {
    wrong(at, value, { expected: "a mapping", go: "map[string]json.RawMessage" });
    return {};
  }
  const result: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member === null || member === undefined) continue; // gcloud and proto3 JSON alike: null is absent
    const name = fieldName(key, at.dialect);
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (kind === undefined) unknown.push(key);
    else if (kind.kind !== "output") {
      const read = readField(member, kind, { ...at, path: [...at.path, key] });
      if (read !== undefined) result[name] = read;
    }
  }
  for (const key of unknown) {
    const message =
      at.dialect === "strict"
        ? `unknown field ${JSON.stringify(key)} in cloudbuild.${type}`
        : unusedText(at.path, at.dialect === "lenient" ? unknown : [key]);
    misfit({ ...at, path: [...at.path, key] }, "unused", message);
  }
  return result;
}

/** gcloud's sentence for all unknown fields of one level, by then renamed: `.steps[0].{bar,foo}: unused`. */
function unusedText(path: Misfit["path"], keys: readonly string[]): string {
  const names = keys.map(camelCase).sort();
  return `${pathText(path)}.${names.length === 1 ? names[0] : `{${names.join(",")}}`}: unused`;
}

/** gcloud renames whatever it finds; proto3 JSON knows two spellings of each field. */
function fieldName(key: string, dialect: Dialect): string {
  const name = camelCase(key);
  return dialect === "lenient" || key === name || key === snakeCase(name) ? name : key;
}

function readField(value: unknown, kind: FieldKind, at: Reading): unknown {
  // gcloud skips an empty list where one value belongs.
  if (at.dialect === "lenient" && kind.kind !== "list" && Array.isArray(value) && value.length === 0) return undefined;
  switch (kind.kind) {
    case "string":
      return typeof value === "string" ? value : wrong(at, value, { expected: "text", go: "string" });
    case "boolean":
      return typeof value === "boolean" ? value : wrong(at, value, { expected: "true or false", go: "bool" });
    case "integer":
      return integerOf(value) ?? wrong(at, value, { expected: "a whole number", go: `int${kind.bits}` });
    case "duration":
      return readDuration(value, at);
    case "string-map":
      return readStringMap(value, at);
    case "list":
      return readList(value, kind.of, at);
    case "enum":
      return readEnum(value, kind, at);
    case "message":
      return readMessage(value, kind, at);
    case "opaque":
    case "output":
      return value;
  }
}

function readDuration(value: unknown, at: Reading): unknown {
  if (typeof value === "string" && /^-?\d+(\.\d{1,9})?s$/.test(value)) return value;
  // gcloud takes a bare number of seconds too.
  if (at.dialect === "lenient" && typeof value === "string" && /^\d+$/.test(value)) return `${value}s`;
  if (at.dialect === "strict" && typeof value === "string") {
    return misfit(at, "wrong-type", `bad Duration: time: invalid duration ${JSON.stringify(value)}`);
  }
  return wrong(at, value, { expected: 'a duration such as "600s"', go: "string" });
}

function readStringMap(value: unknown, at: Reading): unknown {
  if (!isMapping(value)) return wrong(at, value, { expected: "a mapping", go: "map[string]json.RawMessage" });
  const result: Record<string, string> = {};
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === "string") result[key] = member;
    else if (member !== null) {
      wrong({ ...at, path: [...at.path, key] }, member, { expected: "text", go: "string" });
    }
  }
  return result;
}

function readList(value: unknown, of: FieldKind, at: Reading): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      const read = readField(item, of, { ...at, path: [...at.path, index] });
      return read === undefined ? [] : [read];
    });
  }
  if (at.dialect !== "lenient" || isMapping(value)) {
    return wrong(at, value, { expected: "a list", go: "[]json.RawMessage" });
  }
  const only = readField(value, of, at);
  return only === undefined ? undefined : [only];
}

function readEnum(value: unknown, kind: Extract<FieldKind, { kind: "enum" }>, at: Reading): unknown {
  const names = Object.keys(kind.values);
  if (typeof value === "string" && names.includes(value)) return value;
  if (at.dialect !== "lenient" && typeof value === "number") {
    const name = names.find((candidate) => kind.values[candidate] === value);
    if (name !== undefined) return name;
  }
  const shown = JSON.stringify(value);
  if (at.dialect === "strict") {
    return misfit(at, "bad-enum", `unknown value ${shown} for enum google.devtools.cloudbuild.v1.${kind.name}`);
  }
  return misfit(at, "bad-enum", `Invalid enum value ${shown}; one of ${names.join(", ")}`);
}

/** What stands there is not what belongs there, in our words or in those of Go's JSON reader. */
function wrong(at: Reading, value: unknown, { expected, go }: { expected: string; go: string }): undefined {
  const message =
    at.dialect === "strict"
      ? `json: cannot unmarshal ${goName(value)} into Go value of type ${go}`
      : `expected ${expected}, found ${nameOf(value)}`;
  return misfit(at, "wrong-type", message);
}

function misfit(at: Reading, kind: Misfit["kind"], message: string): undefined {
  at.misfits.push({ path: at.path, kind, message });
  return undefined;
}

/** gcloud's way to name a place: `.steps[0].args`. gcloud has renamed keys by then, except those of the user. */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return `.${VERBATIM_MAPS.has(camelCase(String(path[index - 1]))) ? part : camelCase(part)}`;
    })
    .join("");
}
