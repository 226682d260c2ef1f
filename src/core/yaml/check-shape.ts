import type { z } from "zod";
import { present } from "../values/assert.ts";
import type { NonEmpty, Problem } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import { closest } from "./closest.ts";
import { keyMissing, keyUnknown, valueInvalid } from "./problems.ts";
import type { YamlFile, YamlPath } from "./read-yaml.ts";

/** Holds a file against a schema; everything that does not fit is reported at its place. */
export function checkShape<S extends z.ZodType>(file: YamlFile, schema: S): Result<z.output<S>, NonEmpty<Problem>> {
  const parsed = schema.safeParse(file.value);
  if (parsed.success) return ok(parsed.data);
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(file, schema, issue));
  return err([present(problems[0], "a problem for each issue"), ...problems.slice(1)]);
}

type Issue = z.core.$ZodIssue;

function problemsOf(file: YamlFile, schema: z.ZodType, issue: Issue): readonly Problem[] {
  const path = issue.path.map((key) => (typeof key === "number" ? key : String(key)));
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = knownKeys(schema, path);
      return issue.keys.map((key) => keyUnknown(file.whereOfKey([...path, key]), key, closest(key, known), known));
    }
    case "invalid_union":
      return unionProblems(file, schema, issue, path);
    case "invalid_type":
      if (issue.input === undefined && isAbsent(file.value, path)) {
        if (typeof path.at(-1) === "number") return [valueInvalid(file.whereOf(path), "it is empty")];
        return [keyMissing(file.whereOf(path.slice(0, -1)), String(path.at(-1) ?? ""))];
      }
      return [valueInvalid(file.whereOf(path), `it must be ${inWords(issue.expected)}`)];
    default:
      return [valueInvalid(file.whereOf(path), issue.message)];
  }
}

function inWords(expected: string): string {
  switch (expected) {
    case "object":
    case "record":
      return "a map";
    case "array":
    case "tuple":
      return "a list";
    default:
      return "text";
  }
}

/** Of a union's variants the one that fits best is meant: the one with the fewest complaints. */
function unionProblems(
  file: YamlFile,
  schema: z.ZodType,
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: YamlPath,
): readonly Problem[] {
  const [best] = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length);
  if (best === undefined || best.length === 0 || depth(best) === 0) {
    return [valueInvalid(file.whereOf(path), issue.message)];
  }
  return best.flatMap((inner) => problemsOf(file, schema, { ...inner, path: [...issue.path, ...inner.path] } as Issue));
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)));
}

function isAbsent(value: unknown, path: YamlPath): boolean {
  let node = value;
  for (const key of path) {
    if (typeof node !== "object" || node === null) return true;
    node = (node as Record<string, unknown>)[String(key)];
  }
  return node === undefined;
}

/** The keys that the schema knows at a path; empty where it is a map of free names. */
function knownKeys(schema: unknown, path: YamlPath): readonly string[] {
  let node: unknown = schema;
  for (const key of path) node = memberSchema(unwrap(node), key);
  const shape = shapeOf(unwrap(node));
  return shape === undefined ? [] : Object.keys(shape);
}

interface Definition {
  readonly type: string;
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly shape?: Record<string, unknown>;
  readonly element?: unknown;
  readonly valueType?: unknown;
  readonly options?: readonly unknown[];
}

function definition(node: unknown): Definition | undefined {
  return (node as { _zod?: { def?: Definition } } | undefined)?._zod?.def;
}

function unwrap(node: unknown): unknown {
  const def = definition(node);
  const inner = def?.innerType ?? def?.in;
  return inner === undefined ? node : unwrap(inner);
}

function shapeOf(node: unknown): Record<string, unknown> | undefined {
  const def = definition(node);
  if (def?.shape !== undefined) return def.shape;
  const shapes = (def?.options ?? []).flatMap((option) => shapeOf(unwrap(option)) ?? []);
  return shapes.length === 0 ? undefined : Object.assign({}, ...shapes);
}

function memberSchema(node: unknown, key: string | number): unknown {
  const def = definition(node);
  return shapeOf(node)?.[String(key)] ?? def?.valueType ?? def?.element;
}
