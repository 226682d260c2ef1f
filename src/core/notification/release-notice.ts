/** When a release is something to tell of, and what is said then. A new event has to be placed here before it compiles. */
import type { NotifiedMoment } from "../platform/platform.ts";
import type { ClosedGate } from "../release/closed-gate.ts";
import type { Outcome, ReleaseEvent } from "../release/events.ts";
import type { Release } from "../release/state.ts";
import { assertNever } from "../values/assert.ts";
import type { NonEmpty, Problem } from "../values/problem.ts";
import type { Notice } from "./notice.ts";

/** What one event means to people. */
interface Meaning {
  readonly moments: NonEmpty<NotifiedMoment>;
  /** Follows the release's id. */
  readonly verb: string;
  readonly problem?: Problem;
  readonly reason?: string;
  readonly needed?: string;
}

/**
 * The notice of an event, or undefined for one that people need not be told of. `before` is the release as it was when
 * the event came, undefined for the first; `after` as the event left it.
 */
export function releaseNotice(
  before: Release | undefined,
  event: ReleaseEvent,
  after: Release,
  boardUrl: string,
): Notice | undefined {
  const meaning = meaningOf(before, event, after);
  if (meaning === undefined) return undefined;
  const { plan, id } = after;
  const { problem, reason, needed } = meaning;
  return {
    moments: meaning.moments,
    environment: plan.environment,
    headline: `${id} ${meaning.verb} ${plan.environment}.`,
    facts: [
      ["Environment", plan.environment],
      ["Release", `${id} (${plan.manifest.releaseId})`],
      ["Manifest", plan.manifest.file],
      ["Requested by", askedBy(after)],
      ...(problem === undefined ? [] : [["Problem", `${problem.code}: ${problem.summary}`] as const]),
      ...(reason === undefined ? [] : [["Reason", reason] as const]),
    ],
    ...(needed === undefined ? {} : { needed }),
    link: `${boardUrl}/releases/${id}`,
  };
}

/** A person by name; where a build asked, what started the build says more than its id. */
function askedBy({ requestedBy, trigger }: Release): string {
  if (!requestedBy.startsWith("build:")) return requestedBy.replace(/^person:/, "");
  return trigger.startsWith("build:") ? trigger : `trigger ${trigger}`;
}

/** Total over the events. */
function meaningOf(before: Release | undefined, event: ReleaseEvent, after: Release): Meaning | undefined {
  switch (event.type) {
    case "lease-acquired":
      // Taken again after a restart it begins nothing.
      return before?.stage.name === "queued" ? { moments: ["started"], verb: "has started in" } : undefined;
    case "gates-closed":
      return meaningOfGates(event.gates);
    case "release-ended":
      return meaningOfEnd(event.outcome, after);
    case "release-requested":
    case "gates-opened":
    case "approved":
    case "rejected":
    case "freeze-excepted":
    case "build-intended":
    case "build-submitted":
    case "build-ended":
    case "phase-started":
    case "phase-noted":
    case "phase-succeeded":
    case "phase-failed":
    case "image-resolved":
    case "backed-up":
    case "migration-started":
    case "migration-applied":
    case "traffic-pinned":
    case "candidate-intended":
    case "candidate-ready":
    case "check-ended":
    case "canary-step-intended":
    case "canary-step-begun":
    case "canary-step-judged":
    case "traffic-intended":
    case "traffic-shifted":
    case "soak-started":
    case "traffic-restored":
    case "cancel-requested":
    case "written-back":
      return undefined;
    default:
      return assertNever(event);
  }
}

/** What only time or another release opens needs nobody. */
function meaningOfGates(gates: readonly ClosedGate[]): Meaning | undefined {
  const personal = gates.filter(({ waitsFor }) => waitsFor === "person");
  if (personal.length === 0) return undefined;
  return {
    moments: ["waiting"],
    verb: "waits for a person in",
    reason: personal.map(({ reason }) => reason).join(" "),
    needed: personal.map(({ opens }) => opens).join(" "),
  };
}

function meaningOfEnd(outcome: Outcome, { id }: Release): Meaning {
  switch (outcome.kind) {
    case "succeeded":
      return { moments: ["succeeded"], verb: "succeeded in" };
    case "failed":
      return { moments: ["failed"], verb: "failed in", problem: outcome.problem, needed: outcome.problem.fix };
    case "cancelled":
      // Who was told that it started is told that it ended; it is not there, which is what `failed` asks for.
      return { moments: ["failed"], verb: "was cancelled in", reason: outcome.reason };
    case "rolled-back":
      return {
        moments: ["rolledBack"],
        verb: "was rolled back in",
        problem: outcome.problem,
        needed: outcome.problem.fix,
      };
    case "rollback-failed":
      return {
        moments: ["rolledBack", "failed"],
        verb: "COULD NOT be rolled back in",
        problem: outcome.problem,
        needed: `Look at the traffic now: the new revisions may still serve. mobius explain ${id}`,
      };
    default:
      return assertNever(outcome);
  }
}
