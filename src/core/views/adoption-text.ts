import type { LeftDrift } from "../drift/plan-revert.ts";

/** One file before and after a change. */
export interface ChangedFile {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** What is taken in, as the lines that change, and what is not, with the reasons. */
export function adoptionText(files: readonly ChangedFile[], left: readonly LeftDrift[]): string {
  return [
    ...files.flatMap(({ file, before, after }) => [file, ...changedLines(before, after)]),
    ...(files.length === 0 ? ["There is nothing to adopt."] : []),
    ...(left.length === 0 ? [] : ["Left as it is:"]),
    ...left.map(({ key, reason }) => `  - ${key}\n      ${reason}`),
  ].join("\n");
}

/** The lines that went and came, in order, each with its number in its file. Long texts that differ much are cut short. */
function changedLines(before: string, after: string): readonly string[] {
  const [was, is] = [before.split("\n"), after.split("\n")];
  const lines: string[] = [];
  let [w, i] = [0, 0];
  while (w < was.length || i < is.length) {
    if (was[w] === is[i]) {
      w += 1;
      i += 1;
      continue;
    }
    // The nearest line from which both go on alike: an entry that came or went is a few lines long.
    const [gone, come] = nearest(was.slice(w, w + LOOK_AHEAD), is.slice(i, i + LOOK_AHEAD));
    for (let n = 0; n < gone; n += 1) lines.push(`  - ${String(w + n + 1).padStart(4)} ${was[w + n] ?? ""}`);
    for (let n = 0; n < come; n += 1) lines.push(`  + ${String(i + n + 1).padStart(4)} ${is[i + n] ?? ""}`);
    w += gone;
    i += come;
  }
  return lines;
}

const LOOK_AHEAD = 200;

function nearest(was: readonly string[], is: readonly string[]): readonly [gone: number, come: number] {
  for (let distance = 1; distance < was.length + is.length; distance += 1) {
    for (let gone = Math.max(0, distance - is.length); gone <= Math.min(distance, was.length); gone += 1) {
      const line = was[gone];
      if (line !== undefined && line === is[distance - gone]) return [gone, distance - gone];
    }
  }
  return [was.length, is.length];
}
