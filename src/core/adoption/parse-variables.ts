import type { Problem } from "../values/problem.ts";
import { importLineInvalid } from "./problems.ts";

/** One assignment of a file of variables. */
export interface VariableLine {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
  /** Other variables that the value names where a shell would put their values in. */
  readonly refersTo: readonly string[];
}

const MAX_LINES = 10_000;
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=(.*)$/s;

/**
 * Reads `KEY=value` lines as shells and loaders of such files do: comments, `export`, empty values, single quotes in which
 * everything is text, double quotes with escapes, values over several lines. Nothing is executed or put in. A line that is
 * no assignment is a problem; its text is not shown, since it may be a secret's.
 */
export function parseVariables(
  text: string,
  file: string,
): { readonly variables: readonly VariableLine[]; readonly problems: readonly Problem[] } {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const variables: VariableLine[] = [];
  const problems: Problem[] = [];
  for (let at = 0; at < Math.min(lines.length, MAX_LINES); at += 1) {
    const line = lines[at] ?? "";
    if (/^\s*(#|$)/.test(line)) continue;
    const where = { file, line: at + 1, column: 1 };
    const [, name = "", written = ""] = ASSIGNMENT.exec(line) ?? [];
    if (name === "") {
      problems.push(importLineInvalid(where, "It is no KEY=value, comment or empty line."));
      continue;
    }
    const value = readValue([written, ...lines.slice(at + 1)]);
    if (value === undefined) problems.push(importLineInvalid(where, `The quotes of ${name} are not closed.`));
    else {
      variables.push({ name, value: value.text, line: at + 1, refersTo: value.refersTo });
      at += value.lines - 1;
    }
  }
  if (lines.length > MAX_LINES) {
    problems.push(
      importLineInvalid(
        { file, line: MAX_LINES + 1, column: 1 },
        `A file of variables has at most ${MAX_LINES} lines.`,
      ),
    );
  }
  return { variables, problems };
}

interface ReadValue {
  readonly text: string;
  /** How many lines it stands on. */
  readonly lines: number;
  readonly refersTo: readonly string[];
}

function readValue(lines: readonly string[]): ReadValue | undefined {
  const first = (lines[0] ?? "").trim();
  const quote = first[0];
  if (quote !== "'" && quote !== '"') {
    const text = first.startsWith("#") ? "" : first.replace(/\s+#.*$/, "");
    return { text, lines: 1, refersTo: references(text) };
  }
  // As few lines as close the quotes: nearly always one.
  let body = first.slice(1);
  for (let count = 1; count <= lines.length; count += 1) {
    const end = closing(body, quote);
    if (end !== undefined) {
      const inner = body.slice(0, end);
      const rest = body.slice(end + 1).trim();
      if (rest !== "" && !rest.startsWith("#")) return undefined;
      return quote === "'"
        ? { text: inner, lines: count, refersTo: [] }
        : { text: unescaped(inner), lines: count, refersTo: references(inner.replace(/\\./gs, "")) };
    }
    body += `\n${lines[count] ?? ""}`;
  }
  return undefined;
}

function closing(text: string, quote: string): number | undefined {
  for (let at = 0; at < text.length; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    else if (text[at] === quote) return at;
  }
  return undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\([\\"$`nrt])/g, (_all, sign: string) => ({ n: "\n", r: "\r", t: "\t" })[sign] ?? sign);
}

function references(text: string): readonly string[] {
  return [...text.matchAll(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g)].map((match) => match[1] ?? match[2] ?? "");
}
