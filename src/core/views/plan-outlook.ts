import type { SeenDrift } from "../drift/drift.ts";
import { isNothingToDo, type Plan } from "../plan/plan.ts";
import type { ModuleChanges } from "../records/changelog.ts";
import { commitsText } from "../records/changelog-text.ts";
import type { ClosedGate } from "../release/closed-gate.ts";
import type { Release } from "../release/state.ts";
import type { ReleaseId } from "../values/ids.ts";
import { formatDuration, toIso } from "../values/time.ts";

/** What is worth knowing before a plan is released and is no part of it: it moves while nothing of the plan does. */
export interface PlanOutlook {
  /** What the modules whose commit changes gain and lose. */
  readonly changes: readonly ModuleChanges[];
  /** Gates that would keep a release back if it were asked for now, by whoever asks for the plan. */
  readonly gates: readonly ClosedGate[];
  /** What is live and was not released. */
  readonly drifts: readonly SeenDrift[];
  /** Absent where nothing like it was released before. */
  readonly expected?: ExpectedDuration;
}

/** The release that was most like the plan, and how long it took. */
export interface ExpectedDuration {
  readonly release: ReleaseId;
  /** From its first phase to its end; waiting at gates and behind other releases is not in it. */
  readonly durationMs: number;
}

/**
 * How long a release of the plan may take: as long as the successful one of the same environment that built, migrated and
 * deployed most nearly as much; of several the newest. `releases` are newest first.
 */
export function expectedDuration(plan: Plan, releases: readonly Release[]): ExpectedDuration | undefined {
  const size = sizeOf(plan);
  let nearest: { readonly found: ExpectedDuration; readonly distance: number } | undefined;
  for (const { id, plan: other, stage, phases } of releases) {
    const begun = phases[0]?.startedAt;
    if (stage.name !== "ended" || stage.outcome.kind !== "succeeded" || begun === undefined) continue;
    if (other.environment !== plan.environment || isRollback(other) !== isRollback(plan)) continue;
    const distance = sizeOf(other).reduce((sum, work, index) => sum + Math.abs(work - (size[index] ?? 0)), 0);
    if (nearest !== undefined && nearest.distance <= distance) continue;
    nearest = { found: { release: id, durationMs: stage.at - begun }, distance };
  }
  return nearest?.found;
}

/** The outlook of a plan that changes something, in sections as a plan has them. */
export function outlookLines(plan: Plan, { gates, drifts, expected }: PlanOutlook): readonly string[] {
  const minded = drifts.filter(({ ignored }) => ignored === undefined);
  const drifted = minded.flatMap(({ subject, field, expected: wanted, observed, kind, firstSeen }) => [
    `  ${kind === "unknown" ? "?" : "~"} ${subject}: ${field}`,
    `      released ${wanted}, ${kind === "unknown" ? "could not be looked at" : "now"}: ${observed}; since ${toIso(firstSeen)}`,
  ]);
  const closed = isNothingToDo(plan)
    ? []
    : gates.flatMap(({ gate, reason, opens }) => [`  ${gate}: ${reason}`, `      ${opens}`]);
  const duration =
    expected === undefined || isNothingToDo(plan)
      ? []
      : ["", `It may take ${formatDuration(expected.durationMs)}, as ${expected.release} did.`];
  return [...section("Drift", drifted), ...section("Gates that are closed now", closed), ...duration];
}

/** Module → its commits as lines. */
export function changeLines({ changes }: PlanOutlook): ReadonlyMap<string, readonly string[]> {
  return new Map(changes.map((each) => [each.module, commitsText(each)]));
}

function sizeOf({ actions }: Plan): readonly number[] {
  return [
    actions.builds.filter(({ state }) => state.kind === "to-build").length,
    actions.migrations.filter(({ state }) => state === "to-apply").length,
    actions.services.filter(({ change }) => change !== "unchanged").length,
  ];
}

function isRollback({ actions }: Plan): boolean {
  return actions.rollback !== undefined;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}
