import { type Document, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { Checked } from "../values/checked.ts";
import type { NonEmpty, Problem, Where } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { BuildConfig } from "./build-config.ts";
import { isMapping } from "./parse-values.ts";
import { buildFieldUnknown, buildFieldWrong, buildFileUnreadable, buildRejected } from "./problems.ts";
import { type Misfit, pathText, readBuild } from "./read-build.ts";

/** More text than this is no build configuration: 300 steps of 10 000 characters are the most that is of use. */
const MAX_CHARACTERS = 4_000_000;

/** A build file as YAML nodes, with a way to name places in it. */
export interface BuildFile {
  readonly document: Document.Parsed;
  /** The same as plain values, anchors and merges filled in. */
  readonly value: Readonly<Record<string, unknown>>;
  whereOffset(offset: number): Where;
  /** The place of the key that leads to a value; of the nearest parent where it is missing. */
  wherePath(path: readonly (string | number)[]): Where;
}

/** What gcloud would be told beside the file. */
export interface ParseOptions {
  /** gcloud takes a file's own `source` only with `--no-source`. */
  readonly source?: "refused" | "allowed";
}

/**
 * Reads a build configuration the way gcloud does: YAML or JSON, snake_case or camelCase, a scalar for a list. All
 * problems at once, in the order of the file, each with the sentence that gcloud has for it. Substitutions are not looked
 * at here.
 */
export function parseBuildConfig(text: string, file: string, options: ParseOptions = {}): Checked<BuildConfig> {
  const opened = openBuildFile(text, file);
  if (!opened.ok) return { ok: false, problems: [opened.problem] };
  const { config, misfits } = readBuild(opened.file.value, "lenient");
  const [first, ...rest] = [
    ...misfits.map((misfit) => problemOf(misfit, opened.file, `interpreting ${file} as build config: `)),
    ...clientRefusals(config, opened.file, options),
  ].sort((a, b) => placeOf(a) - placeOf(b));
  if (first !== undefined) return { ok: false, problems: [first, ...rest] satisfies NonEmpty<Problem> };
  return { ok: true, value: config, warnings: [] };
}

/**
 * Reads a trigger's file the way Google's server does, without gcloud in between: a list is a list. Its reader stops at
 * the first thing that does not fit, so there is one problem at most.
 */
export function parseTriggerBuildConfig(text: string, file: string): Checked<BuildConfig> {
  const opened = openBuildFile(text, file);
  if (!opened.ok) return { ok: false, problems: [opened.problem] };
  const { config, misfits } = readBuild(opened.file.value, "strict");
  const [first] = misfits;
  if (first === undefined) return { ok: true, value: config, warnings: [] };
  return { ok: false, problems: [problemOf(first, opened.file, `failed unmarshalling build config ${file}: `)] };
}

/** What gcloud refuses by itself, before Google's server sees the build. */
function clientRefusals(config: BuildConfig, file: BuildFile, options: ParseOptions): readonly Problem[] {
  const refuse = (message: string, path: readonly string[]) => {
    const where = file.wherePath(path);
    return buildRejected(`validating ${where.file} as build config: ${message}`, where);
  };
  const keys = Object.keys(config.substitutions ?? {}).filter((key) => !/^_[A-Z0-9_]+$/.test(key));
  return [
    ...keys.map((key) =>
      refuse(`substitution key ${key} does not respect format ^_[A-Z0-9_]+$`, ["substitutions", key]),
    ),
    ...(config.source === undefined || options.source === "allowed"
      ? []
      : [refuse("config cannot specify source without the flag --no-source", ["source"])]),
    ...(config.steps.length > 0
      ? []
      : [refuse("config must list at least one step or specify remote_config", ["steps"])]),
  ];
}

function placeOf({ where }: Problem): number {
  return (where?.line ?? 0) * 100_000 + (where?.column ?? 0);
}

/** The file's nodes, or why it cannot be read. */
export function openBuildFile(
  text: string,
  file: string,
): { readonly ok: true; readonly file: BuildFile } | { readonly ok: false; readonly problem: Problem } {
  const lines = new LineCounter();
  const whereOffset = (offset: number): Where => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (text.length > MAX_CHARACTERS) {
    const problem = buildFileUnreadable(`it has more than ${MAX_CHARACTERS} characters`, { file, line: 1, column: 1 });
    return { ok: false, problem };
  }
  // gcloud and Google's server both know YAML 1.1's merge key.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const [error] = document.errors;
  const unreadable = (reason: string, where: Where) => ({
    ok: false as const,
    problem: buildFileUnreadable(`parsing ${file}: ${reason}`, where),
  });
  if (error !== undefined) return unreadable(error.message, whereOffset(error.pos[0]));
  const value = plainValue(document);
  if (!value.ok) return unreadable(value.error, whereOffset(0));
  if (!isMapping(value.value)) return unreadable("Could not parse as a dictionary.", whereOffset(0));
  const wherePath = (path: readonly (string | number)[]) => whereOffset(offsetOf(document, path));
  return { ok: true, file: { document, value: value.value, whereOffset, wherePath } };
}

/** Aliases may stand for one another many times over: a small file must not become a large value. */
function plainValue(document: Document.Parsed): Result<unknown, string> {
  try {
    return ok(document.toJS({ maxAliasCount: 100 }));
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

/** `prefix` is how Google's sentence begins. */
function problemOf(misfit: Misfit, file: BuildFile, prefix: string): Problem {
  const where = file.wherePath(misfit.path);
  const place = pathText(misfit.path);
  if (misfit.kind === "unused") return buildFieldUnknown(place, prefix + misfit.message, where);
  const isGoogles = prefix.startsWith("failed");
  return buildFieldWrong(place.slice(1), isGoogles ? prefix + misfit.message : misfit.message, where);
}

function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const items = typeof parent === "object" && parent !== null && "items" in parent ? parent.items : undefined;
    if (!Array.isArray(items)) continue;
    for (const [index, item] of items.entries()) {
      if (typeof key === "number" && index === key && isNode(item)) return item.range?.[0] ?? 0;
      const itemKey: unknown = typeof item === "object" && item !== null && "key" in item ? item.key : undefined;
      if (isScalar(itemKey) && itemKey.value === key) return itemKey.range?.[0] ?? 0;
    }
  }
  return 0;
}
