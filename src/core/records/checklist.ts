/**
 * The production build checklist: a file of people in which the server ticks what releases prove. It owns its
 * prerequisite block, and in rows that it ticked the tick and the evidence; every other byte is people's. A tick of
 * theirs is never touched, one of ours goes when the newest release no longer proves it.
 */

/** Where the checklist stands in the umbrella (specification section 8). */
export const CHECKLIST_FILE = "docs/production_build_checklist.md";

/** What a release can prove of its environment. A row names one: `<!-- mobius:proof staging released -->`. */
const PROOFS = ["released", "verified", "backed-up", "migrated", "images-by-digest", "logged"] as const;
export type Proof = (typeof PROOFS)[number];

/** What the newest ended release of an environment says. */
export interface ProofsOf {
  readonly environment: string;
  readonly proved: readonly Proof[];
  /** Markdown that leads to the release's log entry. */
  readonly evidence: string;
  /** Lines about the environment's pipeline, where other environments are promoted from this one. */
  readonly prerequisite?: readonly string[];
}

const OPEN: Readonly<Record<string, string>> = {
  "[ ]": "[x]",
  "☐": "☑",
  "⬜": "✅",
  pending: "done",
  Pending: "Done",
  todo: "done",
};
const EVIDENCE = / <!-- mobius:evidence was="([^"]*)"(?: cell="(\d+)")? -->.*?<!-- \/mobius:evidence -->/;
const TASK = /^(\s*(?:[-*+]|\d+[.)])\s+)\[([ xX])\](?=\s)/;
const MARK = /<!-- mobius:proof ([\w-]+) ([\w-]+) -->/;

/** The checklist after a release: block and rows of its environment, and nothing else. */
export function withProofs(before: string, proofs: ProofsOf): string {
  return withRows(withPrerequisite(before, proofs), proofs);
}

/** A checklist to begin with, where the umbrella has none: `to` is promoted from `from`. */
export function newChecklist({ from, to }: { readonly from: string; readonly to: string }): string {
  const row = (what: string, environment: string, proof: Proof) =>
    `| ${what} <!-- mobius:proof ${environment} ${proof} --> | ☐ | |`;
  return [
    `# ${capital(to)} build checklist`,
    "",
    "| What | Done | Evidence |",
    "| --- | --- | --- |",
    row(`The newest release to ${from} succeeded`, from, "released"),
    row(`Every check in ${from} passed`, from, "verified"),
    row(`Every image of ${from} has a digest`, from, "images-by-digest"),
    row(`Databases of ${to} are backed up`, to, "backed-up"),
    row(`Migrations of ${to} are applied`, to, "migrated"),
    row(`Every check in ${to} passed`, to, "verified"),
    row(`The release to ${to} is in the release log`, to, "logged"),
    "",
  ].join("\n");
}

function withPrerequisite(before: string, { environment, prerequisite }: ProofsOf): string {
  if (prerequisite === undefined) return before;
  const [begin, end] = [`<!-- mobius:prerequisite ${environment} -->`, `<!-- /mobius:prerequisite ${environment} -->`];
  const block = [begin, ...prerequisite, end].join("\n");
  const [start, stop] = [before.indexOf(begin), before.indexOf(end)];
  if (start >= 0 && stop > start) return before.slice(0, start) + block + before.slice(stop + end.length);
  const heading = /^# .*(?:\r?\n|$)/m.exec(before);
  if (heading === null) return `${block}\n${before === "" ? "" : "\n"}${before}`;
  const at = heading.index + heading[0].length;
  const gap = heading[0].endsWith("\n") ? "\n" : "\n\n";
  return `${before.slice(0, at)}${gap}${block}\n${before.slice(at)}`;
}

function withRows(before: string, proofs: ProofsOf): string {
  let fence: string | undefined;
  return before
    .split(/(?<=\n)/)
    .map((line) => {
      const mark = /^\s*(```|~~~)/.exec(line)?.[1];
      if (mark !== undefined) fence = fence === undefined ? mark : fence === mark ? undefined : fence;
      if (fence !== undefined) return line;
      const proof = proofOf(line, proofs);
      if (proof === undefined) return line;
      const open = unticked(line);
      return proofs.proved.includes(proof) ? ticked(open, proofs.evidence) : open;
    })
    .join("");
}

/** What a row is about: its mark says so, or it speaks of the success of the prerequisite in plain words. */
function proofOf(line: string, { environment, prerequisite }: ProofsOf): Proof | undefined {
  const [, of, name] = MARK.exec(line) ?? [];
  if (of !== undefined) return of === environment ? PROOFS.find((proof) => proof === name) : undefined;
  if (prerequisite === undefined || !(TASK.test(line) || line.trimStart().startsWith("|"))) return undefined;
  const words = line.replace(EVIDENCE, "").toLowerCase();
  const [subject = "", rest] = words.split(new RegExp(`\\b${environment.toLowerCase()} (?:pipeline|release|build)\\b`));
  if (rest === undefined || /\bnot?\b/.test(subject + rest)) return undefined;
  return /\b(succeeded|successful|passed|green|verified)\b/.test(rest) ? "released" : undefined;
}

function ticked(line: string, evidence: string): string {
  const task = TASK.exec(line);
  if (task !== null) {
    if (task[2] !== " ") return line; // a tick of people's
    const ending = /\s*$/.exec(line)?.[0] ?? "";
    const body = line.slice(0, line.length - ending.length).replace(TASK, "$1[x]");
    return body + evidenceText("[ ]", evidence) + ending;
  }
  const cells = cellsOf(line);
  const at = cells.findIndex((cell) => OPEN[cell.trim()] !== undefined);
  const was = cells[at]?.trim();
  const is = was === undefined ? undefined : OPEN[was];
  if (was === undefined || is === undefined) return line;
  const last = cells.length - 2;
  const place = last > at && cells[last]?.trim() === "" ? last : at;
  return cells
    .map((cell, index) => (index === at ? cell.replace(was, is) : cell))
    .map((cell, index) =>
      index === place ? cell.replace(/\s*$/, (end) => evidenceText(`${was}" cell="${at}`, evidence) + end) : cell,
    )
    .join("|");
}

/** The row as it was before our tick; rows without one stay. */
function unticked(line: string): string {
  const found = EVIDENCE.exec(line);
  if (found === null) return line;
  const [span, was = "", at = ""] = found;
  const rest = line.replace(span, "");
  if (TASK.test(rest)) return rest.replace(TASK, "$1[ ]");
  const is = OPEN[was];
  return cellsOf(rest)
    .map((cell, index) =>
      index === Number(at) && is !== undefined && cell.trim() === is ? cell.replace(is, was) : cell,
    )
    .join("|");
}

function evidenceText(was: string, evidence: string): string {
  return ` <!-- mobius:evidence was="${was}" -->${evidence}<!-- /mobius:evidence -->`;
}

/** Cells of a row as they stand, with what is before the first bar and after the last; joined by bars they are the row. */
function cellsOf(line: string): readonly string[] {
  return line.split(/(?<!\\)\|/);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
