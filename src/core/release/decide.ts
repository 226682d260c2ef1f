import { assertNever, present } from "../values/assert.ts";
import type { Outcome, PhaseName } from "./events.ts";
import { phaseRecord, type Release } from "./state.ts";

/** What the driver does next for a release. It performs it, appends what came of it, and asks again. */
export type Next =
  | { readonly kind: "acquire-lease" }
  | { readonly kind: "submit-build"; readonly tag: string; readonly isIntended: boolean }
  | { readonly kind: "await-build"; readonly build: string }
  | { readonly kind: "cancel-build"; readonly build: string }
  | { readonly kind: "run-phase"; readonly phase: PhaseName }
  | { readonly kind: "end"; readonly outcome: Outcome }
  | { readonly kind: "nothing" };

/** Chooses what is next. Pure and total; the only place that does. */
export function decide(release: Release): Next {
  const { stage } = release;
  switch (stage.name) {
    case "queued":
      if (release.cancelReason !== undefined) {
        return { kind: "end", outcome: { kind: "cancelled", reason: release.cancelReason } };
      }
      return { kind: "acquire-lease" };
    case "building":
      return decideBuild(release, stage.build);
    case "shifting":
      return decideRollback(release, "shift") ?? { kind: "run-phase", phase: "shift" };
    case "verifying":
      return decideRollback(release, "verify") ?? { kind: "run-phase", phase: "verify" };
    case "finishing":
      return decideFinishing(release);
    case "recording":
      return decideRecording(release);
    case "restoring":
      return decideRestoring(release);
    case "ended":
      return { kind: "nothing" };
    default:
      return assertNever(stage);
  }
}

function decideBuild(release: Release, build: Extract<Release["stage"], { name: "building" }>["build"]): Next {
  const isCancelled = release.cancelReason !== undefined;
  switch (build.kind) {
    case "none":
      if (isCancelled) return { kind: "end", outcome: { kind: "cancelled", reason: release.cancelReason ?? "" } };
      return { kind: "submit-build", tag: release.id.toLowerCase(), isIntended: false };
    case "intended":
      return { kind: "submit-build", tag: build.tag, isIntended: true };
    case "submitted":
      return isCancelled ? { kind: "cancel-build", build: build.id } : { kind: "await-build", build: build.id };
    case "ended":
      return { kind: "nothing" }; // an ended build has moved the release on
    default:
      return assertNever(build);
  }
}

/** A rollback that failed stays where it got to: what it could not move, or what does not answer, is for a person. */
function decideRollback(release: Release, phase: "shift" | "verify"): Next | undefined {
  const outcome = phaseRecord(release, phase)?.outcome;
  if (outcome?.kind !== "failed") return undefined;
  const { problem } = outcome;
  const isMoved = phase === "verify";
  return {
    kind: "end",
    outcome: isMoved ? { kind: "failed", problem } : { kind: "rollback-failed", problem, cause: problem },
  };
}

function decideFinishing(release: Release): Next {
  const outcome = phaseRecord(release, "migrate-after-soak")?.outcome;
  if (outcome?.kind !== "failed") return { kind: "run-phase", phase: "migrate-after-soak" };
  return { kind: "end", outcome: { kind: "failed", problem: outcome.problem } };
}

/** A record that cannot be written is a failure to tell of: the set itself is released and stays. */
function decideRecording(release: Release): Next {
  const outcome = phaseRecord(release, "record")?.outcome;
  if (outcome?.kind === "succeeded") return { kind: "end", outcome: { kind: "succeeded" } };
  if (outcome?.kind === "failed") return { kind: "end", outcome: { kind: "failed", problem: outcome.problem } };
  return { kind: "run-phase", phase: "record" };
}

function decideRestoring(release: Release): Next {
  const { stage } = release;
  const restore = phaseRecord(release, "restore")?.outcome;
  if (stage.name !== "restoring" || restore === undefined || restore.kind === "running") {
    return { kind: "run-phase", phase: "restore" };
  }
  if (restore.kind === "failed") {
    return { kind: "end", outcome: { kind: "rollback-failed", problem: restore.problem, cause: stage.problem } };
  }
  if (release.cancelReason !== undefined) {
    return { kind: "end", outcome: { kind: "cancelled", reason: present(release.cancelReason, "reason") } };
  }
  // A canary step that is meant may have moved some of its services before it was interrupted.
  const hasMoved = release.canary.length > 0 || release.shifts.some((shift) => shift.done !== undefined);
  return { kind: "end", outcome: { kind: hasMoved ? "rolled-back" : "failed", problem: stage.problem } };
}
