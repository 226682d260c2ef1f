import { type Document, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { Checked } from "../values/checked.ts";
import type { NonEmpty, Problem, Where } from "../values/problem.ts";
import type { BuildConfig } from "./build-config.ts";
import { buildFieldUnknown, buildFieldWrong, buildFileUnreadable } from "./problems.ts";
import { type Misfit, pathText, readBuild } from "./read-build.ts";

/** More text than this is no build configuration: 300 steps of 10 000 characters are the most that is of use. */
const MAX_CHARACTERS = 4_000_000;

/** A build file as YAML nodes, with a way to name places in it. */
export interface BuildFile {
  readonly document: Document.Parsed;
  whereOffset(offset: number): Where;
  /** The place of the key that leads to a value; of the nearest parent where it is missing. */
  wherePath(path: readonly (string | number)[]): Where;
}

/**
 * Reads a build configuration the way gcloud does: YAML or JSON, snake_case or camelCase, a scalar for a list. All
 * problems at once. Substitutions are not looked at here.
 */
export function parseBuildConfig(text: string, file: string): Checked<BuildConfig> {
  const opened = openBuildFile(text, file);
  if (!opened.ok) return { ok: false, problems: [opened.problem] };
  const { config, misfits } = readBuild(opened.file.document.toJS({ maxAliasCount: 100 }), "lenient");
  const [first, ...rest] = misfits.map((misfit) => problemOf(misfit, opened.file));
  if (first !== undefined) return { ok: false, problems: [first, ...rest] satisfies NonEmpty<Problem> };
  return { ok: true, value: config, warnings: [] };
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
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) return { ok: false, problem: buildFileUnreadable(error.message, whereOffset(error.pos[0])) };
  const root: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof root !== "object" || root === null || Array.isArray(root)) {
    return {
      ok: false,
      problem: buildFileUnreadable("Could not parse as a dictionary.", { file, line: 1, column: 1 }),
    };
  }
  return { ok: true, file: { document, whereOffset, wherePath: (path) => whereOffset(offsetOf(document, path)) } };
}

function problemOf(misfit: Misfit, file: BuildFile): Problem {
  const where = file.wherePath(misfit.path);
  if (misfit.kind === "unused") return buildFieldUnknown(misfit.message.replace(/: unused$/, ""), where);
  return buildFieldWrong(pathText(misfit.path).slice(1), misfit.message, where);
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
