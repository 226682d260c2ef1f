/**
 * From state to what people see. Every shape that the CLI, the API and the board show of a release is made here, by
 * pure functions; begin with `releaseView`.
 */

import type { PlannedService } from "../plan/plan.ts";
import { buildOf } from "../release/apply-event.ts";
import { type CanaryStep, isEnded, type PhaseRecord, type Release } from "../release/state.ts";
import { assertNever } from "../values/assert.ts";
import type { Problem } from "../values/problem.ts";
import { toIso } from "../values/time.ts";
import type { CanaryStepView, PhaseView, ReleaseStateName, ReleaseSummary, ReleaseView } from "./release-view.ts";

/** One row of a list. */
export function releaseSummary(release: Release): ReleaseSummary {
  const { stage, plan } = release;
  return {
    id: release.id,
    environment: plan.environment,
    state: stateName(release),
    isFinished: isEnded(release),
    manifest: plan.manifest.file,
    releaseId: plan.manifest.releaseId,
    planDigest: plan.digest,
    ...(plan.actions.rollback === undefined ? {} : { rollbackTo: plan.actions.rollback.to }),
    requestedBy: release.requestedBy,
    requestedAt: toIso(release.requestedAt),
    ...(stage.name === "ended" ? { finishedAt: toIso(stage.at) } : {}),
  };
}

/** The whole of a release. */
export function releaseView(release: Release): ReleaseView {
  const build = buildOf(release.stage);
  const waitingFor = reasonForWaiting(release);
  const problem = problemOf(release);
  return {
    apiVersion: "mobius/v1",
    ...releaseSummary(release),
    phases: release.phases.map(phaseView),
    ...(build.kind === "submitted" || build.kind === "ended" ? { buildId: build.id, buildLogUrl: build.logUrl } : {}),
    ...(waitingFor === undefined ? {} : { waitingFor }),
    gates: release.closedGates.map(({ gate, reason, since, opens, waitsFor }) => {
      return { gate, reason, since: toIso(since), opens, waitsFor };
    }),
    approvals: release.approvals.map(({ by, at, comment }) => ({ by, at: toIso(at), comment })),
    ...(release.promotedFrom === undefined ? {} : { promotedFrom: release.promotedFrom }),
    ...(problem === undefined ? {} : { problem }),
    ...(release.canary.length === 0 ? {} : { canary: release.canary.map(canaryView) }),
    services: release.plan.actions.services
      .filter((service) => service.role !== "job")
      .map((service) => serviceView(release, service)),
    ...(release.writeBackCommit === undefined ? {} : { writeBackCommit: release.writeBackCommit }),
    lastSequence: release.lastSequence,
  };
}

/** The word for where a release is. */
export function stateName(release: Release): ReleaseStateName {
  const { stage } = release;
  switch (stage.name) {
    case "queued":
      return release.closedGates.length === 0 ? "queued" : "waiting";
    case "building":
    case "shifting":
    case "verifying":
    case "recording":
    case "restoring":
      return stage.name;
    case "finishing":
      return "verifying";
    case "ended":
      return stage.outcome.kind;
    default:
      return assertNever(stage);
  }
}

/** Why it failed, or is about to. */
export function problemOf(release: Release): Problem | undefined {
  const { stage } = release;
  if (stage.name === "restoring") return stage.problem;
  if (stage.name !== "ended") return undefined;
  return "problem" in stage.outcome ? stage.outcome.problem : undefined;
}

/** The one thing that an unfinished release waits for. */
export function reasonForWaiting(release: Release): string | undefined {
  const { stage } = release;
  const running = release.phases.find((record) => record.outcome.kind === "running");
  switch (stage.name) {
    case "ended":
      return undefined;
    case "queued":
      if (release.closedGates.length > 0) return release.closedGates.map(({ reason }) => reason).join(" ");
      return `the lease of environment ${release.plan.environment}`;
    case "building":
      if (running !== undefined) return `phase ${nameOf(running)}`;
      return stage.build.kind === "submitted" ? `build ${stage.build.id}` : "its build to be submitted";
    case "verifying":
      if (release.soakUntil !== undefined) return `the end of the soak time at ${toIso(release.soakUntil)}`;
      return `phase ${running === undefined ? stage.name : nameOf(running)}`;
    case "shifting":
      return canaryWait(release) ?? `phase ${running === undefined ? stage.name : nameOf(running)}`;
    case "finishing":
    case "recording":
    case "restoring":
      return `phase ${running === undefined ? stage.name : nameOf(running)}`;
    default:
      return assertNever(stage);
  }
}

/** The canary step that bakes. */
export function bakingStep({ canary, stage }: Release): CanaryStep | undefined {
  const last = canary.at(-1);
  return stage.name !== "shifting" || last?.begun === undefined || last.judged !== undefined ? undefined : last;
}

function canaryWait(release: Release): string | undefined {
  const baking = bakingStep(release);
  if (baking?.begun === undefined) return undefined;
  const { step, percent, services, begun } = baking;
  const of = `${step} of ${release.plan.actions.canary?.steps.length ?? step}`;
  const names = services.map(({ service }) => service).join(", ");
  return `the end of canary step ${of}, ${percent} % of ${names}, at ${toIso(begun.until)}, and the verdict on it`;
}

function nameOf(record: PhaseRecord): string {
  return record.subject === undefined ? record.phase : `${record.phase} ${record.subject}`;
}

function phaseView(record: PhaseRecord): PhaseView {
  const { outcome } = record;
  return {
    phase: record.phase,
    ...(record.subject === undefined ? {} : { subject: record.subject }),
    state: outcome.kind,
    startedAt: toIso(record.startedAt),
    ...(outcome.kind === "running" ? {} : { finishedAt: toIso(outcome.at) }),
    try: record.try,
    ...(outcome.kind === "succeeded" ? { summary: outcome.summary } : {}),
    ...(outcome.kind === "failed" ? { summary: `${outcome.problem.code}: ${outcome.problem.summary}` } : {}),
  };
}

function canaryView({ step, percent, services, begun, judged }: CanaryStep): CanaryStepView {
  return {
    step,
    percent,
    services: services.map(({ service }) => service),
    state: judged?.verdict ?? (begun === undefined ? "shifting" : "baking"),
    ...(begun === undefined ? {} : { startedAt: toIso(begun.at), until: toIso(begun.until) }),
    ...(judged === undefined ? {} : { evidence: judged.evidence }),
  };
}

function serviceView(release: Release, planned: PlannedService): ReleaseView["services"][number] {
  const { service } = planned;
  const shift = release.shifts.find((candidate) => candidate.service === service);
  const candidate = release.candidates[service];
  const digest = candidate?.ready?.digest ?? planned.serving?.digest;
  const revision = candidate?.revision ?? planned.serving?.revision;
  const state = serviceState(release, planned, shift?.done !== undefined, candidate?.ready !== undefined);
  const url = shift?.done?.url;
  return {
    service,
    state,
    ...(url === undefined ? {} : { url }),
    ...(revision === undefined ? {} : { revision }),
    ...(digest === undefined ? {} : { digest }),
  };
}

// Two facts that never change together stand as two flags; they stay inside this file.
function serviceState(
  release: Release,
  planned: PlannedService,
  isShifted: boolean,
  isReady: boolean,
): ReleaseView["services"][number]["state"] {
  if (planned.change === "unchanged") return "unchanged";
  if (release.restored[planned.service] !== undefined) return "restored";
  if (isShifted) return "serving";
  return isReady ? "candidate" : "waiting";
}
