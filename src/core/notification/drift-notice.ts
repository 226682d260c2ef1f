/** When drift is something to tell of, and what is said then. */
import type { Drift } from "../drift/drift.ts";
import type { DriftNews } from "../drift/drift-events.ts";
import { count } from "../values/count.ts";
import type { Notice } from "./notice.ts";

/** Differences that one notice names; the command shows the rest. */
const NAMED = 8;

/** The notice of one look, or undefined where it brought nothing that was not told before. */
export function driftNotice(environment: string, { appeared, gone, left }: DriftNews): Notice | undefined {
  if (appeared.length === 0 && gone.length === 0) return undefined;
  const lines = [...appeared.map(appearedLine), ...gone.map(goneLine)];
  const others = lines.length - NAMED;
  return {
    moments: ["drift"],
    environment,
    headline: headlineOf(environment, { appeared, gone, left }),
    facts: [
      ["Environment", environment],
      ...lines.slice(0, NAMED),
      ...(others > 0 ? [["And", `${others} more: mobius drift ${environment}`] as const] : []),
    ],
    ...(appeared.length === 0 ? {} : { needed: neededFor(environment) }),
  };
}

function headlineOf(environment: string, { appeared, gone, left }: DriftNews): string {
  const differs = appeared.filter(({ kind }) => kind === "differs").length;
  if (differs > 0) return `${environment} is not what was released: ${count(differs, "new difference")}.`;
  if (appeared.length > 0) return `${environment} cannot be compared with what was released.`;
  if (left === 0) return `${environment} is what was released again.`;
  return `${count(gone.length, "difference")} of ${environment} ${gone.length === 1 ? "is" : "are"} gone, ${left} left.`;
}

function appearedLine({ subject, field, expected, observed, kind }: Drift) {
  if (kind === "unknown") return ["Unknown", `${subject}, ${field}: could not be looked at: ${observed}`] as const;
  return ["Differs", `${subject}, ${field}: expected ${expected}, found ${observed}`] as const;
}

function goneLine({ subject, field }: Drift) {
  return ["Gone", `${subject}, ${field}`] as const;
}

function neededFor(environment: string): string {
  return `See it and the ways out (adopt, revert, ignore): mobius drift ${environment}`;
}
