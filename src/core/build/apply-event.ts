/**
 * The only place where a build's state changes.
 *
 *                    ┌──────────── build-ended (EXPIRED, CANCELLED) ───────────────┐
 *   build-created ▶ queued ──build-started──▶ working ──build-ended──────────────▶ ended
 *        └────────▶ pending ──approval-decided──▶ queued; a rejected one goes to its end
 *
 *   a step:  waiting ──step-started──▶ running ──step-ended──▶ ended
 *               ▲                        │
 *               └─step-interrupted───────┘  (run again; otherwise it is ended and the build fails)
 *
 * The first of cancel-requested, a rejection, deadline-passed, source-failed, images-missing, push-failed, an interrupted or
 * a failed step sets `ending`: no step starts after it, and the build ends once none runs. An ended build accepts nothing.
 */
import { assertNever } from "../values/assert.ts";
import { err, ok, type Result } from "../values/result.ts";
import type { Instant } from "../values/time.ts";
import type { BuildEvent, StepOutcome } from "./events.ts";
import { BUILD_SETTINGS } from "./settings.ts";
import type { Build, Ending, StepState } from "./state.ts";

/** An event as the log stores it, as far as a build's state needs it. */
export interface RecordedBuildEvent {
  readonly event: BuildEvent;
  readonly at: Instant;
  readonly sequence: number;
}

/** Why an event cannot follow here. */
export interface IllegalBuildEvent {
  readonly event: BuildEvent["type"];
  readonly stage: string;
}

/** Folds one event in. Total: what is illegal gives an error, and the caller does not append it. */
export function applyEvent(build: Build | undefined, recorded: RecordedBuildEvent): Result<Build, IllegalBuildEvent> {
  const { event } = recorded;
  if (build === undefined) {
    return event.type === "build-created" ? ok(begin(event, recorded)) : err({ event: event.type, stage: "none" });
  }
  const next = build.stage.name === "ended" ? undefined : change(build, recorded);
  if (next === undefined) return err({ event: event.type, stage: build.stage.name });
  return ok({ ...next, lastSequence: recorded.sequence });
}

/** Folds a whole stream; an illegal event in the log is a fault of ours, so it is an error here too. */
export function foldBuild(events: readonly RecordedBuildEvent[]): Result<Build, IllegalBuildEvent> {
  let build: Build | undefined;
  for (const recorded of events) {
    const next = applyEvent(build, recorded);
    if (!next.ok) return next;
    build = next.value;
  }
  return build === undefined ? err({ event: "build-created", stage: "none" }) : ok(build);
}

function begin(event: Extract<BuildEvent, { type: "build-created" }>, recorded: RecordedBuildEvent): Build {
  return {
    id: event.build,
    project: event.project,
    location: event.location,
    config: event.config,
    substitutions: event.substitutions,
    createdAt: recorded.at,
    stage: { name: event.needsApproval === true ? "pending" : "queued", expiresAt: event.expiresAt },
    ...(event.asked === undefined ? {} : { asked: event.asked }),
    ...(event.needsApproval === true ? { approval: { state: "PENDING" } } : {}),
    steps: event.config.steps.map(() => ({ name: "waiting", tries: 0 })),
    lastSequence: recorded.sequence,
  };
}

function change(build: Build, { event, at }: RecordedBuildEvent): Build | undefined {
  switch (event.type) {
    case "build-created":
      return undefined;
    case "approval-decided":
      return decideApproval(build, event, at);
    case "build-started":
      if (build.stage.name !== "queued" || build.ending !== undefined) return undefined;
      return { ...build, stage: { name: "working", startedAt: at, deadlineAt: event.deadlineAt } };
    case "step-started":
      return startStep(build, event, at);
    case "step-ended":
      return endStep(build, event, at);
    case "step-interrupted":
      return interruptStep(build, event, at);
    case "cancel-requested":
      return withEnding(withoutApproval(build), {
        status: "CANCELLED",
        detail: event.reason,
        logLine: event.logLine ?? "context canceled",
      });
    case "deadline-passed":
      if (build.stage.name !== "working") return undefined;
      return withEnding(build, { status: "TIMEOUT", detail: "", logLine: "context deadline exceeded" });
    case "source-failed":
      if (build.stage.name !== "working") return undefined;
      return withEnding(build, failure("FETCH_SOURCE_FAILED", `fetching source failed: ${event.reason}`));
    case "images-missing":
      if (build.stage.name !== "working") return undefined;
      return withEnding(build, failure("PUSH_IMAGE_NOT_FOUND", missingImages(event.images)));
    case "push-started":
      if (build.stage.name !== "working") return undefined;
      return { ...build, stage: { ...build.stage, pushAt: build.stage.pushAt ?? at } };
    case "push-failed":
      if (build.stage.name !== "working") return undefined;
      return withEnding(build, failure("PUSH_FAILED", event.reason));
    case "build-ended":
      return endBuild(build, event, at);
    default:
      return assertNever(event);
  }
}

function withEnding(build: Build, ending: Ending): Build {
  return build.ending === undefined ? { ...build, ending } : build;
}

function decideApproval(
  build: Build,
  event: Extract<BuildEvent, { type: "approval-decided" }>,
  at: Instant,
): Build | undefined {
  if (build.stage.name !== "pending" || build.ending !== undefined) return undefined;
  const { decision, approver, comment, url, expiresAt } = event;
  const result = { approver, at, ...(comment === undefined ? {} : { comment }), ...(url === undefined ? {} : { url }) };
  const decided = { ...build, approval: { state: decision, result } };
  if (decision === "APPROVED") return { ...decided, stage: { name: "queued", expiresAt } };
  const detail = `Build rejected by ${approver}`;
  return withEnding(decided, { status: BUILD_SETTINGS.rejectionEndsAs, detail, logLine: "the build was rejected" });
}

/** A build that is cancelled while it waits for an approval waits for none any more. */
function withoutApproval(build: Build): Build {
  return build.stage.name === "pending" ? { ...build, approval: { state: "CANCELLED" } } : build;
}

function failure(type: NonNullable<Ending["failure"]>, text: string): Ending {
  return { status: "FAILURE", detail: text, logLine: text, failure: type };
}

function missingImages(images: readonly string[]): string {
  const names = images.map((image) => JSON.stringify(image)).join(" ");
  return `failed to find one or more images after execution of build steps: [${names}]`;
}

function startStep(build: Build, event: Extract<BuildEvent, { type: "step-started" }>, at: Instant): Build | undefined {
  const step = build.steps[event.step];
  if (build.stage.name !== "working" || build.ending !== undefined) return undefined;
  if (step?.name !== "waiting" || event.try !== step.tries + 1) return undefined;
  const deadline = event.deadlineAt === undefined ? {} : { deadlineAt: event.deadlineAt };
  return withStep(build, event.step, { name: "running", try: event.try, startedAt: at, ...deadline });
}

type RunningState = Extract<StepState, { name: "running" }>;
type EndedState = Extract<StepState, { name: "ended" }>;

function endStep(build: Build, event: Extract<BuildEvent, { type: "step-ended" }>, at: Instant): Build | undefined {
  const step = build.steps[event.step];
  if (step?.name !== "running" || step.try !== event.try) return undefined;
  const { outcome, output, imageDigest } = event;
  const verdict = verdictOf(build, event.step, outcome);
  const next = withStep(build, event.step, {
    ...ended(step, at, { outcome, verdict }),
    ...(output === undefined ? {} : { output }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
  });
  if (verdict !== "failed") return next;
  const ending = stepFailure(build, event.step, reasonOf(outcome));
  const status = outcome.kind === "timed-out" ? BUILD_SETTINGS.stepTimeoutEndsAs : ending.status;
  return withEnding(next, { ...ending, status });
}

function ended(
  { try: attempt, startedAt }: RunningState,
  endedAt: Instant,
  end: Pick<EndedState, "outcome" | "verdict">,
): EndedState {
  return { name: "ended", try: attempt, startedAt, endedAt, ...end };
}

function interruptStep(
  build: Build,
  event: Extract<BuildEvent, { type: "step-interrupted" }>,
  at: Instant,
): Build | undefined {
  const step = build.steps[event.step];
  if (step?.name !== "running" || step.try !== event.try) return undefined;
  if (event.consequence === "run-again") return withStep(build, event.step, { name: "waiting", tries: event.try });
  return withEnding(
    withStep(build, event.step, ended(step, at, { outcome: { kind: "stopped" }, verdict: "failed" })),
    stepFailure(build, event.step, "the server ended while it ran; it is not declared repeatable"),
  );
}

/** `allowExitCodes` takes precedence over `allowFailure`. */
function verdictOf(build: Build, index: number, outcome: StepOutcome) {
  if (outcome.kind === "stopped") return "stopped";
  if (outcome.kind === "exited" && outcome.code === 0) return "succeeded";
  const step = build.config.steps[index];
  const codes = step?.allowExitCodes ?? [];
  if (codes.length > 0) return outcome.kind === "exited" && codes.includes(outcome.code) ? "allowed" : "failed";
  return step?.allowFailure === true ? "allowed" : "failed";
}

/** The reason of a failed step in Cloud Build's words. */
function reasonOf(outcome: StepOutcome): string {
  switch (outcome.kind) {
    case "exited":
      return `step exited with non-zero status: ${outcome.code}`;
    case "signalled":
      return `step was ended by ${outcome.signal}`;
    case "not-started":
      return outcome.reason;
    case "timed-out":
      return "context deadline exceeded";
    case "stopped":
      return "context canceled";
    default:
      return assertNever(outcome);
  }
}

function stepFailure(build: Build, index: number, reason: string): Ending {
  const line = `build step ${index} ${JSON.stringify(build.config.steps[index]?.name ?? "")} failed: ${reason}`;
  return { status: "FAILURE", detail: `Build step failure: ${line}`, logLine: line, failure: "USER_BUILD_STEP" };
}

function endBuild(
  build: Build,
  event: Extract<BuildEvent, { type: "build-ended" }>,
  endedAt: Instant,
): Build | undefined {
  const { status, detail, images, artifacts } = event;
  if (build.steps.some((step) => step.name === "running")) return undefined;
  if (build.stage.name === "queued" || build.stage.name === "pending") {
    if (status !== "EXPIRED" && status !== "CANCELLED" && status !== "INTERNAL_ERROR") return undefined;
    return { ...build, stage: { name: "ended", status, detail, endedAt, images } };
  }
  if (status === "SUCCESS" && (build.ending !== undefined || !build.steps.every(hasPassed))) return undefined;
  if (build.stage.name !== "working") return undefined;
  const { startedAt, pushAt } = build.stage;
  const results = { images, ...(artifacts === undefined ? {} : { artifacts }) };
  const push = pushAt === undefined ? {} : { pushAt };
  return { ...build, stage: { name: "ended", status, detail, startedAt, ...push, endedAt, ...results } };
}

/** Whether what waits for the step may go on. */
export function hasPassed(step: StepState): boolean {
  return step.name === "ended" && (step.verdict === "succeeded" || step.verdict === "allowed");
}

function withStep(build: Build, index: number, step: StepState): Build {
  return { ...build, steps: build.steps.map((other, position) => (position === index ? step : other)) };
}
