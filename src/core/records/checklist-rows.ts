/**
 * Rows of the production build checklist that people answer for before a release begins:
 * `<!-- mobius:before production -->`. Such a row is ticked for one release: its tick counts where the row names the
 * manifest's `release_id`, so that last month's opens nothing today.
 */

const MARK = /<!-- mobius:before ([\w-]+) -->/;
const TICKED = /^\s*(?:[-*+]|\d+[.)])\s+\[[xX]\]\s|\|\s*(?:\[[xX]\]|☑|✅|[Dd]one|[Yy]es)\s*(?=\|)/;
/** Characters of a row that are shown. */
const SHOWN = 80;

/** What a checklist asks before a release to an environment. */
export interface ChecklistAnswer {
  /** Rows that have to be ticked. */
  readonly asked: number;
  /** Those that are not ticked for the release, shortened to what people read. */
  readonly open: readonly string[];
}

/** Reads a checklist; rows in code blocks are none. */
export function checklistAnswer(text: string, environment: string, releaseId: string): ChecklistAnswer {
  let isCode = false;
  const rows = text.split("\n").filter((line) => {
    if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
    return !isCode && MARK.exec(line)?.[1] === environment;
  });
  const open = rows.filter((row) => !TICKED.test(row) || !names(row, releaseId));
  return { asked: rows.length, open: open.map(shown) };
}

/** Whether the row has the id as a word of its own: `2026-11-27-prod` is not in `2026-11-27-prod-2`. */
function names(row: string, releaseId: string): boolean {
  return row.split(/[^\w.-]+/).includes(releaseId);
}

function shown(row: string): string {
  const words = row
    .replaceAll(/<!--.*?-->/g, "")
    .split("|")
    .map((cell) => cell.trim())
    .filter((cell) => /[\p{L}\p{N}]/u.test(cell))
    .join(" ");
  return words.length > SHOWN ? `${words.slice(0, SHOWN - 1)}…` : words;
}
