import { err, type Result } from "../values/result.ts";
import { type Pattern, parsePattern } from "./safe-pattern.ts";

interface FileFilter {
  readonly ignoredFiles?: readonly string[];
  readonly includedFiles?: readonly string[];
}

/**
 * Whether a change of these files makes a build: ignored ones do not count, and of the rest one must be included, where
 * anything is. Without a list every change does, also one whose files nobody knows.
 */
export function letsFilesThrough({ ignoredFiles = [], includedFiles = [] }: FileFilter, changed: readonly string[]) {
  if (ignoredFiles.length === 0 && includedFiles.length === 0) return true;
  const rest = changed.filter((path) => !ignoredFiles.some((glob) => matches(glob, path)));
  return rest.length > 0 && (includedFiles.length === 0 || rest.some((path) => isIncluded(includedFiles, path)));
}

function isIncluded(globs: readonly string[], path: string): boolean {
  return globs.some((glob) => matches(glob, path));
}

function matches(glob: string, path: string): boolean {
  const parsed = parseGlob(glob);
  return parsed.ok && parsed.value(path);
}

const TOKEN = /\*\*\/|\*\*|\*|\?|\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|[^*?[\\]+|[[\\]/gsu;

/** Go's `filepath.Match` over a whole path, and `**` for any number of folders. */
export function parseGlob(glob: string): Result<Pattern, string> {
  let expression = "";
  for (const [token, escaped, inverted, members] of glob.matchAll(TOKEN)) {
    if (token === "**/") expression += "(?:.*/)?";
    else if (token === "**") expression += ".*";
    else if (token === "*") expression += "[^/]*";
    else if (token === "?") expression += "[^/]";
    else if (escaped !== undefined) expression += quoted(escaped);
    else if (members !== undefined) expression += `[${inverted}${classOf(members)}]`;
    else if (token === "[" || token === "\\") return err(`syntax error in pattern ${JSON.stringify(glob)}`);
    else expression += quoted(token);
  }
  return parsePattern(`(?s)^(?:${expression})$`);
}

/** A class keeps its ranges; all else in it stands for itself. */
function classOf(members: string): string {
  return [...members.matchAll(/\\(.)|-|[^\\]/gsu)]
    .map(([member, escaped]) => (member === "-" ? "-" : quoted(escaped ?? member)))
    .join("");
}

function quoted(text: string): string {
  return text.replace(/[^A-Za-z0-9_/\s\u0080-\u{10ffff}]/gu, "\\$&");
}
