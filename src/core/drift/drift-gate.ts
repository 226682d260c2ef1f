import type { ClosedGate } from "../release/closed-gate.ts";
import { count } from "../values/count.ts";
import type { SeenDrift } from "./drift.ts";

/**
 * Drift that keeps a release back: what was released is not what is there, or cannot be looked at. A newer secret waits for
 * a release and keeps none back; a service that nobody released is none of a release's.
 */
export function driftGate(environment: string, drifts: readonly SeenDrift[]): readonly ClosedGate[] {
  const minded = drifts.filter(
    ({ ignored, subject, expected }) =>
      ignored === undefined && !subject.startsWith("secret ") && expected !== "not released",
  );
  const [first] = minded;
  if (first === undefined) return [];
  const others = minded.length === 1 ? "" : `, and ${count(minded.length - 1, "difference")} more`;
  return [
    {
      gate: "drift",
      reason: `${environment} is not what was released: ${first.subject}, ${first.field}: ${first.observed} instead of ${first.expected}${others}.`,
      since: first.firstSeen,
      opens: `Put it right, or have it ignored for a while: mobius drift ${environment}`,
      waitsFor: "person",
    },
  ];
}
