import type { Release } from "../release/state.ts";
import { assertNever } from "../values/assert.ts";
import { toIso } from "../values/time.ts";
import { bakingStep, problemOf, reasonForWaiting, stateName } from "./project-release.ts";
import type { Explanation } from "./release-view.ts";

/** The state of a release, why, since when, what is next and what a person can do: one screen. */
export function explain(release: Release): Explanation {
  const problem = problemOf(release);
  const waitingFor = reasonForWaiting(release);
  return {
    release: release.id,
    state: stateName(release),
    why: problem === undefined ? reasonOf(release) : [problem.summary, ...problem.why].join(" "),
    since: since(release),
    ...(waitingFor === undefined ? {} : { waitingFor }),
    next: nextOf(release),
    actions: actionsOf(release, problem?.fix),
  };
}

function reasonOf(release: Release): string {
  const { stage } = release;
  const { rollback } = release.plan.actions;
  if (rollback !== undefined) {
    const { environment } = release.plan;
    const isBack = stage.name === "ended" && stage.outcome.kind === "succeeded";
    return isBack
      ? `${environment} is back on what ${rollback.to} released, and held there until somebody resumes it.`
      : `${environment} is given back to what ${rollback.to} released.`;
  }
  if (stage.name !== "ended") return `${release.plan.manifest.file} is being released to ${release.plan.environment}.`;
  if (stage.outcome.kind === "cancelled") return `It was cancelled: ${stage.outcome.reason}`;
  return `Every phase and check passed; ${release.plan.environment} serves ${release.plan.manifest.file}.`;
}

function since(release: Release): string {
  const { stage } = release;
  if (stage.name === "ended") return toIso(stage.at);
  const [gate] = release.closedGates;
  if (gate !== undefined) return toIso(gate.since);
  const baking = bakingStep(release)?.begun;
  if (baking !== undefined) return toIso(baking.at);
  const running = release.phases.find((record) => record.outcome.kind === "running");
  const last = release.phases.at(-1);
  return toIso(running?.startedAt ?? last?.startedAt ?? release.requestedAt);
}

function nextOf(release: Release): string {
  const { stage } = release;
  switch (stage.name) {
    case "queued":
      if (release.closedGates.length > 0) return release.closedGates.map(({ opens }) => opens).join(" ");
      return "It starts when the release before it has ended.";
    case "building":
      return "Candidates are made and checked without traffic; then traffic moves for the whole set.";
    case "shifting":
      if (bakingStep(release) !== undefined) {
        return "If it passes, more of the traffic moves; if not, or if nothing can be said, all of it goes back.";
      }
      return "The set is checked again on its real addresses.";
    case "verifying":
    case "finishing":
      return "What was released is recorded and written back.";
    case "recording":
      return "The release ends.";
    case "restoring":
      return "Traffic goes back to the revisions that had it.";
    case "ended":
      return "Nothing: it has ended.";
    default:
      return assertNever(stage);
  }
}

function actionsOf(release: Release, fix: string | undefined): readonly string[] {
  const look = `mobius logs ${release.id}`;
  if (release.closedGates.some(({ waitsFor }) => waitsFor === "person")) {
    const decide = [`mobius approve ${release.id}`, `mobius reject ${release.id} --reason "…"`];
    return [...decide, `mobius plan ${release.plan.manifest.file}`, look];
  }
  if (release.plan.actions.rollback !== undefined && release.stage.name === "ended") {
    return [`mobius resume ${release.plan.environment} --reason "…"`, ...(fix === undefined ? [] : [fix]), look];
  }
  if (release.stage.name !== "ended") return [`mobius watch ${release.id}`, `mobius cancel ${release.id}`, look];
  return fix === undefined ? [look] : [fix, look];
}
