import type { ReleaseEvent } from "../release/events.ts";
import { assertNever } from "../values/assert.ts";
import { formatDuration, toIso } from "../values/time.ts";

/** One event as one line for the terminal, the board and `mobius logs`; undefined for what people need not see. */
export function eventLine(event: ReleaseEvent): string | undefined {
  switch (event.type) {
    case "release-requested":
      return `${event.release}: ${event.plan.manifest.file} to ${event.plan.environment}, plan ${event.plan.digest.slice(0, 19)}`;
    case "gates-closed":
      return event.gates.map(({ gate, reason, opens }) => `◦ waits at gate ${gate}: ${reason} ${opens}`).join("\n");
    case "gates-opened":
      return "✓ every gate is open";
    case "approved":
      return `✓ approved${event.comment === "" ? "" : `: ${event.comment}`}`;
    case "rejected":
      return `✗ rejected: ${event.reason}`;
    case "freeze-excepted":
      return `  let through freeze ${event.freeze}: ${event.reason}`;
    case "lease-acquired":
      return undefined;
    case "build-intended":
      return undefined;
    case "build-submitted":
      return `▸ build ${event.build} (log: ${event.logUrl})`;
    case "build-ended":
      return `${event.status === "SUCCESS" ? "✓" : "✗"} build ${event.status}${event.detail === "" ? "" : `: ${event.detail}`}`;
    case "phase-started":
      return `▸ ${subjectOf(event)}`;
    case "phase-noted":
      return `  ${event.text}`;
    case "phase-succeeded":
      return `✓ ${subjectOf(event)}: ${event.summary}`;
    case "phase-failed":
      return `✗ ${subjectOf(event)}: [${event.problem.code}] ${event.problem.summary}`;
    case "image-resolved":
      return `  image ${event.image} ${event.how} ${event.digest.slice(0, 19)}`;
    case "backed-up":
      return `  backup ${event.backup} of ${event.databases.join(", ")}`;
    case "migration-started":
      return undefined;
    case "migration-applied":
      return `  ${event.database}: ${event.identifier} applied in ${formatDuration(event.durationMs)}`;
    case "traffic-pinned":
      return `  traffic of ${event.service} stays on ${event.revision}`;
    case "candidate-intended":
      return undefined;
    case "candidate-ready":
      return `  candidate ${event.revision}${event.address === undefined ? "" : ` at ${event.address}`}`;
    case "check-ended":
      return `  ${event.verdict === "passed" ? "✓" : "✗"} ${event.check} on ${event.on}: ${event.verdict} (${event.evidence})`;
    case "canary-step-intended":
    case "canary-step-begun":
    case "canary-step-judged":
      return canaryLine(event);
    case "traffic-intended":
      return undefined;
    case "traffic-shifted":
      return `  ${event.service} now serves ${event.revision} at ${event.url}`;
    case "soak-started":
      return `  soaks until ${toIso(event.until)}`;
    case "traffic-restored":
      return `  ${event.service} ${event.revision === "removed" ? "removed: it had never been released" : `back on ${event.revision}`}`;
    case "cancel-requested":
      return `▸ cancel requested: ${event.reason}`;
    case "written-back":
      return event.commit === "nothing-to-write" ? undefined : `  written back as ${event.commit.slice(0, 12)}`;
    case "release-ended":
      return endLine(event.outcome);
    default:
      return assertNever(event);
  }
}

function canaryLine(event: Extract<ReleaseEvent, { type: `canary-step-${string}` }>): string {
  const step = `canary step ${event.step}`;
  switch (event.type) {
    case "canary-step-intended":
      return event.services
        .map(({ service, candidate }) => `  ${step}: ${event.percent} % of ${service} to ${candidate}`)
        .join("\n");
    case "canary-step-begun":
      return `  ${step} bakes until ${toIso(event.until)}`;
    case "canary-step-judged":
      return `  ${event.verdict === "passed" ? "✓" : "✗"} ${step}: ${event.verdict} (${event.evidence})`;
    default:
      return assertNever(event);
  }
}

function subjectOf(event: { readonly phase: string; readonly subject?: string }): string {
  return event.subject === undefined ? event.phase : `${event.phase} ${event.subject}`;
}

function endLine(outcome: Extract<ReleaseEvent, { type: "release-ended" }>["outcome"]): string {
  switch (outcome.kind) {
    case "succeeded":
      return "✓ released";
    case "failed":
      return "✗ failed: traffic is as it was";
    case "cancelled":
      return `✗ cancelled: ${outcome.reason}`;
    case "rolled-back":
      return "✗ rolled back: traffic had moved and was moved back";
    case "rollback-failed":
      return "✗ rollback failed: a person must look at the traffic now";
    default:
      return assertNever(outcome);
  }
}
