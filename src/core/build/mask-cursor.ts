/** A place in a search for patterns that looks past some bytes of the stream, and the way back from there. */
import type { Patterns } from "./mask-patterns.ts";

/** What may stand inside of an occurrence is this long at most, in bytes: more is not kept back. */
const MAX_SPAN_BYTES = 64 * 1024;

/** Positions count bytes from the beginning of the stream. */
export interface Cursor {
  /** State of the patterns' automaton. */
  state: number;
  /** What was looked past: beginnings and ends in turn, ascending. */
  readonly gaps: number[];
}

/** Where the occurrence begins whose `length` bytes end before `end`. */
export function startOf({ gaps }: Cursor, end: number, length: number): number {
  let at = end;
  let left = length;
  for (let gap = gaps.length - 2; gap >= 0; gap -= 2) {
    const gapEnd = gaps[gap + 1] ?? 0;
    if (at - gapEnd >= left) break;
    left -= at - gapEnd;
    at = gaps[gap] ?? 0;
  }
  return at - left;
}

/** Looks past the byte at `at`. Gives up an occurrence that has become too long. */
export function lookPast(cursor: Cursor, at: number, patterns: Patterns): void {
  const { gaps } = cursor;
  if (gaps.at(-1) === at) gaps[gaps.length - 1] = at + 1;
  else gaps.push(at, at + 1);
  const start = startOf(cursor, at + 1, patterns.depth[cursor.state] ?? 0);
  if (at + 1 - start > MAX_SPAN_BYTES) cursor.state = 0;
  let passed = 0;
  while ((gaps[passed + 1] ?? Number.POSITIVE_INFINITY) <= start) passed += 2;
  if (passed > 0) gaps.splice(0, passed);
}
