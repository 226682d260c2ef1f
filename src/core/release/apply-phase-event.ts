import type { Instant } from "../values/time.ts";
import type { PhaseName, ReleaseEvent } from "./events.ts";
import type { PhaseRecord, Release, Stage } from "./state.ts";

type PhaseEnd = Extract<ReleaseEvent, { type: "phase-succeeded" | "phase-failed" }>;

/** The end of a phase that runs; undefined where none does. */
export function endPhase(release: Release, event: PhaseEnd, at: Instant): Release | undefined {
  const running = release.phases.find((record) => isSame(record, event) && record.outcome.kind === "running");
  if (running === undefined) return undefined;
  const outcome =
    event.type === "phase-succeeded"
      ? ({ kind: "succeeded", at, summary: event.summary } as const)
      : ({ kind: "failed", at, problem: event.problem } as const);
  const phases = release.phases.map((record) => (record === running ? { ...record, outcome } : record));
  return { ...release, phases, stage: stageAfter(release, event) };
}

/** The phases that the server itself runs move the release on; those of the build's steps do not. */
function stageAfter(release: Release, event: PhaseEnd): Stage {
  const { stage } = release;
  const isRollback = release.plan.actions.rollback !== undefined;
  const moves: Partial<Record<PhaseName, { from: Stage["name"]; to: "verifying" | "finishing" | "recording" }>> = {
    shift: { from: "shifting", to: "verifying" },
    verify: { from: "verifying", to: isRollback ? "recording" : "finishing" },
    "migrate-after-soak": { from: "finishing", to: "recording" },
  };
  const move = moves[event.phase];
  if (move === undefined || stage.name !== move.from) return stage;
  if (stage.name !== "shifting" && stage.name !== "verifying" && stage.name !== "finishing") return stage;
  if (event.type === "phase-succeeded") return { name: move.to, build: stage.build };
  // Moving a failed rollback forward again would bring back what was rolled back; a cancelled one is put back.
  if (stage.name === "finishing" || (isRollback && release.cancelReason === undefined)) return stage;
  return { name: "restoring", problem: event.problem, build: stage.build };
}

/** The phases with the one that begins, as its next try. */
export function startPhase(
  phases: readonly PhaseRecord[],
  event: Extract<ReleaseEvent, { type: "phase-started" }>,
  at: Instant,
): readonly PhaseRecord[] {
  const earlier = phases.find((record) => isSame(record, event));
  const { phase, subject } = event;
  const record: PhaseRecord = {
    phase,
    ...(subject === undefined ? {} : { subject }),
    try: (earlier?.try ?? 0) + 1,
    startedAt: at,
    outcome: { kind: "running" },
  };
  return [...phases.filter((other) => other !== earlier), record];
}

function isSame(record: PhaseRecord, event: { readonly phase: PhaseName; readonly subject?: string }): boolean {
  return record.phase === event.phase && record.subject === event.subject;
}
