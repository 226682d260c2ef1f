import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";

/** The project's root. */
export const ROOT = resolve(import.meta.dirname, "..", "..");

export interface SourceFile {
  /** From the project's root, such as `src/core/plan/plan.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the insides of strings blanked out; lines stay where they are. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  /** As written: a package, `node:…`, or a relative path. */
  readonly name: string;
  /** The file that a relative path leads to. */
  readonly path?: string;
  readonly line: number;
}

/** One place that breaks a rule: where, why the rule is there, and what to do instead. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Product code, its tests, contract suites and fakes: every TypeScript file beneath a folder. */
export function sourceFiles(folder: string): readonly SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => sourceFile(join(folder, name), readFileSync(join(ROOT, folder, name), "utf8")));
}

/** A file as the rules see it; also made of texts that are not on disk, to show that a rule bites. */
export function sourceFile(path: string, text: string): SourceFile {
  const code = withoutCommentsAndStrings(text);
  return { path, text, code, imports: importsOf(path, text, code) };
}

/** Where a position is, counted from 1. */
export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Violations as a person reads them, one per line. */
export function report(violations: readonly Violation[]): string {
  return violations.map(({ file, line, message }) => `${file}:${line}: ${message}`).join("\n");
}

function importsOf(path: string, text: string, code: string): readonly Import[] {
  const found: Import[] = [];
  // Names stand in strings, which `code` blanks out: the keyword is looked for there, the name in the text.
  for (const match of code.matchAll(/\bfrom\s+"|\bimport\s*\(\s*"|^import\s+"/gm)) {
    const start = match.index + match[0].length;
    const name = text.slice(start, text.indexOf('"', start));
    const resolved = name.startsWith(".") ? { path: normalize(join(dirname(path), name)) } : {};
    found.push({ name, ...resolved, line: lineOf(text, match.index) });
  }
  return found;
}

/** Strings keep their quotes and templates their embedded code, so that only what runs is looked at. */
function withoutCommentsAndStrings(text: string): string {
  let out = "";
  /** What ends the template that the code at hand is embedded in, innermost last: its depth of braces. */
  const templates: number[] = [];
  let depth = 0;
  const blank = (piece: string) => piece.replace(/[^\n]/g, " ");
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at, at + 2);
    const char = text[at] ?? "";
    if (rest === "//" || rest === "/*") {
      const end = rest === "//" ? text.indexOf("\n", at) : text.indexOf("*/", at) + 2;
      const stop = end < at ? text.length : end;
      out += blank(text.slice(at, stop));
      at = stop;
    } else if (char === '"' || char === "'") {
      const end = endOfString(text, at, char);
      out += char + blank(text.slice(at + 1, end)) + char;
      at = end + 1;
    } else if (char === "`" || (char === "}" && templates.at(-1) === depth)) {
      if (char === "}") templates.pop();
      const [end, isEmbedding] = endOfTemplate(text, at + 1);
      out += char + blank(text.slice(at + 1, end)) + text.slice(end, end + (isEmbedding ? 2 : 1));
      if (isEmbedding) templates.push(depth);
      at = end + (isEmbedding ? 2 : 1);
    } else if (char === "/" && isRegularExpression(out)) {
      const end = endOfRegularExpression(text, at);
      out += `/${blank(text.slice(at + 1, end))}/`;
      at = end + 1;
    } else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      out += char;
      at += 1;
    }
  }
  return out;
}

function endOfString(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return at;
}

function endOfTemplate(text: string, start: number): readonly [end: number, isEmbedding: boolean] {
  let at = start;
  while (at < text.length && text[at] !== "`") {
    if (text.startsWith("${", at)) return [at, true];
    at += text[at] === "\\" ? 2 : 1;
  }
  return [at, false];
}

/** A slash divides after a value and begins an expression after anything else. */
function isRegularExpression(before: string): boolean {
  const last = before.trimEnd();
  return !/[\w$)\]}"'`]$/.test(last) || /\b(return|typeof|case)$/.test(last);
}

function endOfRegularExpression(text: string, start: number): number {
  let isInClass = false;
  let at = start + 1;
  while (at < text.length && (isInClass || text[at] !== "/")) {
    if (text[at] === "[") isInClass = true;
    if (text[at] === "]") isInClass = false;
    at += text[at] === "\\" ? 2 : 1;
  }
  return at;
}
