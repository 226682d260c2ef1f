import type { ClosedGate } from "../release/closed-gate.ts";
import { count } from "../values/count.ts";
import type { Instant } from "../values/time.ts";

/** Rows that are named; the others are counted. */
const NAMED = 3;

/** What the umbrella's checklist says of a release. */
export type ChecklistReading =
  | { readonly kind: "read"; readonly asked: number; readonly open: readonly string[] }
  | { readonly kind: "unreadable"; readonly reason: string };

/**
 * `checklist: complete`: every row that people answer for is ticked for this release. What cannot be read is not complete,
 * and a checklist that asks nothing is none.
 */
export function checklistGate(asked: {
  readonly reading: ChecklistReading;
  readonly file: string;
  readonly environment: string;
  readonly releaseId: string;
  readonly since: Instant;
}): readonly ClosedGate[] {
  const { reading, file, environment, releaseId, since } = asked;
  const closed = { gate: "checklist", since, waitsFor: "person" } as const;
  if (reading.kind === "unreadable") {
    return [{ ...closed, reason: `${file} cannot be read: ${reading.reason}.`, opens: "It is read again by itself." }];
  }
  if (reading.asked === 0) {
    const opens = `Mark the rows that people answer for with <!-- mobius:before ${environment} -->, on the main branch.`;
    return [{ ...closed, reason: `${file} asks nothing before a release to ${environment}.`, opens }];
  }
  if (reading.open.length === 0) return [];
  const named = reading.open.slice(0, NAMED).map((row) => `"${row}"`);
  const more = reading.open.length > NAMED ? `, and ${reading.open.length - NAMED} more` : "";
  return [
    {
      ...closed,
      reason: `${count(reading.open.length, "row")} of ${file} not ticked for ${releaseId}: ${named.join(", ")}${more}.`,
      opens: `Tick them on the main branch, with ${releaseId} in the row.`,
    },
  ];
}
