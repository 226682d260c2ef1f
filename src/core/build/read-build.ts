import type { BuildConfig } from "./build-config.ts";
import { BUILD_FIELDS, camelCase, type FieldKind, type Fields, VERBATIM_MAPS } from "./build-schema.ts";

/**
 * Who wrote it decides what is forgiven. `lenient` is gcloud's reading of a file: snake_case, a scalar for a list.
 * `json` is the API's (proto3 JSON): numeric enums, both spellings of a name, but a list is a list.
 */
export type Dialect = "lenient" | "json";

/** Something that does not fit the schema. `path` leads to it through the value as it was written. */
export interface Misfit {
  readonly path: readonly (string | number)[];
  /** `unused` is gcloud's word for a field that the schema does not have. */
  readonly kind: "unused" | "wrong-type" | "bad-enum";
  readonly message: string;
}

/** Reads a plain value into a configuration: all misfits at once, or the configuration without output-only fields. */
export function readBuild(
  value: unknown,
  dialect: Dialect,
): { readonly config: BuildConfig; readonly misfits: readonly Misfit[] } {
  const misfits: Misfit[] = [];
  const config = readMessage(value, BUILD_FIELDS, { dialect, path: [], misfits });
  // The schema's table and the type name the same fields; `steps` is what a configuration may lack when it is broken.
  return { config: { steps: [], ...config } as BuildConfig, misfits };
}

interface Reading {
  readonly dialect: Dialect;
  readonly path: readonly (string | number)[];
  readonly misfits: Misfit[];
}

function readMessage(value: unknown, fields: Fields, at: Reading): Record<string, unknown> {
  if (!isMapping(value)) {
    misfit(at, "wrong-type", `expected a mapping, found ${nameOf(value)}`);
    return {};
  }
  const result: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === null || member === undefined) continue; // gcloud and proto3 JSON alike: null is absent
    const name = Object.hasOwn(fields, key) ? key : camelCase(key);
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const below = { ...at, path: [...at.path, key] };
    if (kind === undefined) misfit(below, "unused", `${pathText(at.path)}.${key}: unused`);
    else if (kind.kind !== "output") result[name] = readField(member, kind, below);
  }
  return result;
}

function readField(value: unknown, kind: FieldKind, at: Reading): unknown {
  switch (kind.kind) {
    case "string":
      return typeof value === "string" ? value : misfit(at, "wrong-type", `expected text, found ${nameOf(value)}`);
    case "boolean":
      return typeof value === "boolean"
        ? value
        : misfit(at, "wrong-type", `expected true or false, found ${nameOf(value)}`);
    case "integer":
      return readInteger(value, at);
    case "duration":
      return readDuration(value, at);
    case "string-map":
      return readStringMap(value, at);
    case "list":
      return readList(value, kind.of, at);
    case "enum":
      return readEnum(value, kind.values, at);
    case "message":
      return readMessage(value, kind.fields, at);
    case "opaque":
    case "output":
      return value;
  }
}

function readInteger(value: unknown, at: Reading): unknown {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  if (typeof value === "string" && /^-?\d+$/.test(value)) return Number(value);
  return misfit(at, "wrong-type", `expected a whole number, found ${nameOf(value)}`);
}

function readDuration(value: unknown, at: Reading): unknown {
  if (typeof value === "string" && /^-?\d+(\.\d{1,9})?s$/.test(value)) return value;
  // gcloud takes a bare number of seconds too.
  if (at.dialect === "lenient" && typeof value === "string" && /^\d+$/.test(value)) return `${value}s`;
  return misfit(at, "wrong-type", `expected a duration such as "600s", found ${nameOf(value)}`);
}

function readStringMap(value: unknown, at: Reading): unknown {
  if (!isMapping(value)) return misfit(at, "wrong-type", `expected a mapping, found ${nameOf(value)}`);
  const result: Record<string, string> = {};
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === "string") result[key] = member;
    else if (member !== null) {
      misfit({ ...at, path: [...at.path, key] }, "wrong-type", `expected text, found ${nameOf(member)}`);
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
  if (at.dialect === "json" || isMapping(value)) {
    return misfit(at, "wrong-type", `expected a list, found ${nameOf(value)}`);
  }
  const only = readField(value, of, at);
  return only === undefined ? undefined : [only];
}

function readEnum(value: unknown, values: Readonly<Record<string, number>>, at: Reading): unknown {
  if (typeof value === "string" && Object.hasOwn(values, value)) return value;
  if (at.dialect === "json" && typeof value === "number") {
    const name = Object.keys(values).find((candidate) => values[candidate] === value);
    if (name !== undefined) return name;
  }
  return misfit(
    at,
    "bad-enum",
    `Invalid enum value ${JSON.stringify(value)}; one of ${Object.keys(values).join(", ")}`,
  );
}

function misfit(at: Reading, kind: Misfit["kind"], message: string): undefined {
  at.misfits.push({ path: at.path, kind, message });
  return undefined;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return `${typeof value === "string" ? "text" : typeof value} ${JSON.stringify(value)}`;
}

/** gcloud's way to name a place: `.steps[0].args`. Keys as written, except that gcloud has renamed them by then. */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      return `.${VERBATIM_MAPS.has(String(path[index - 1])) ? part : camelCase(part)}`;
    })
    .join("");
}
