import { decide, type NextForBuild } from "../../core/build/decide.ts";
import { closingLines, openingLines, stepLine } from "../../core/build/log-lines.ts";
import { type EndStatus, isEnded, isRepeatable } from "../../core/build/state.ts";
import { buildTimeoutMs } from "../../core/build/validate-build.ts";
import { assertNever } from "../../core/values/assert.ts";
import { err } from "../../core/values/result.ts";
import { instant } from "../../core/values/time.ts";
import type { StepSession } from "../../ports/step-executor.ts";
import type { BuildDependencies } from "./build-dependencies.ts";
import type { BuildSlots } from "./build-slots.ts";
import type { BuildStream } from "./build-stream.ts";
import {
  createAlarm,
  type Driving,
  followStep,
  MAX_TRIES,
  openLog,
  openSession,
  reportEnd,
  unlessEnding,
  waitUntil,
} from "./driving.ts";
import { type BuildResults, leaveResults } from "./finish-build.ts";
import { settleInterrupted } from "./settle-interrupted.ts";
import { startStep } from "./start-step.ts";

const DEFAULT_STOP_GRACE_MS = 10_000;
/** A supervisor that has not ended a step this long after the grace is taken for lost. */
const STOP_DOUBT_MS = 15_000;

/** Drives one build from where its events are to its end. */
export interface BuildDriver {
  readonly stream: BuildStream;
  /** Resolves when the build has ended, or was abandoned. Rejects on a fault of ours. */
  readonly done: Promise<void>;
  /** Looks again at once: somebody else has recorded something. */
  wake(): void;
  /** Stops driving and ends what runs, without a word in the event log: the next start goes on. */
  abandon(): Promise<void>;
}

/** Starts driving. `origin` says whether an earlier server may have run some of its steps. */
export function driveBuild(request: {
  readonly deps: BuildDependencies;
  readonly slots: BuildSlots;
  readonly stream: BuildStream;
  readonly origin: "new" | "recovered";
}): BuildDriver {
  const { deps, slots, stream, origin } = request;
  const driving: Driving = {
    deps,
    slots,
    stream,
    directory: `${deps.buildsDirectory}/${stream.state.id}`,
    running: new Map(),
    stopping: new Map(),
    outcomes: [],
    alarm: createAlarm(),
    isAbandoned: false,
  };
  const done = drive(driving, origin);
  return {
    stream,
    done,
    wake: () => driving.alarm.ring(),
    async abandon() {
      driving.isAbandoned = true;
      driving.alarm.ring();
      await done.catch(() => {}); // the engine hears of a fault by `done` itself
    },
  };
}

async function drive(driving: Driving, origin: "new" | "recovered"): Promise<void> {
  const { stream, slots } = driving;
  try {
    // At once, so that whoever follows the log of a build that still waits is not told that it has ended.
    await openLog(driving);
    if (origin === "recovered") await settleInterrupted(driving);
    while (!driving.isAbandoned && !isEnded(stream.state)) {
      await recordOutcomes(driving);
      await perform(driving, decide(stream.state, driving.deps.clock.now()));
    }
  } finally {
    await driving.session?.close();
    await driving.log?.close();
    slots.release(stream.state.id);
  }
}

async function recordOutcomes(driving: Driving): Promise<void> {
  const { outcomes, running, stopping, stream, log } = driving;
  for (let ended = outcomes.shift(); ended !== undefined; ended = outcomes.shift()) {
    const { step } = ended;
    running.delete(step);
    const state = stream.state.steps[step];
    if (state?.name !== "running") continue;
    await log?.stepEnded(step);
    for (const line of stepLine(stream.state, step, "Finished")) await log?.line(line);
    const attempt = { step, try: state.try };
    const onPurpose = stopping.get(step);
    stopping.delete(step);
    if (onPurpose !== undefined) await stream.record({ type: "step-ended", ...attempt, outcome: { kind: onPurpose } });
    else if (ended.end === "lost") {
      // Its session is of no use any more: the next try gets a new one.
      await driving.session?.close();
      delete driving.session;
      const mayRepeat = isRepeatable(stream.state.config, step) && state.try < MAX_TRIES;
      await stream.record({
        type: "step-interrupted",
        ...attempt,
        consequence: mayRepeat ? "run-again" : "build-fails",
      });
    } else await stream.record({ type: "step-ended", ...attempt, ...ended.end });
  }
}

async function perform(driving: Driving, next: NextForBuild): Promise<void> {
  const { stream, slots, alarm } = driving;
  if (driving.isAbandoned || driving.outcomes.length > 0) return;
  switch (next.kind) {
    case "nothing":
      return;
    case "start-build":
      if (slots.take(stream.state.id, () => alarm.ring())) return beginWork(driving);
      return waitUntil(driving, next.expiresAt);
    case "start-steps":
      for (const start of next.steps) {
        if (stream.state.ending !== undefined || driving.isAbandoned) return;
        await beginStep(driving, start);
      }
      return;
    case "stop-steps":
      await endSteps(driving, next);
      return;
    case "pass-deadline":
      await stream.record({ type: "deadline-passed" });
      return;
    case "finish": {
      const results = await leaveResults(driving);
      if (results !== undefined) await end(driving, "SUCCESS", "", results);
      return;
    }
    case "end":
      return end(driving, next.status, next.detail);
    case "wait":
      return waitUntil(driving, next.until);
    default:
      return assertNever(next);
  }
}

async function beginWork(driving: Driving): Promise<void> {
  const { stream, deps } = driving;
  const deadlineAt = instant(deps.clock.now() + buildTimeoutMs(stream.state.config));
  if ((await stream.record({ type: "build-started", deadlineAt })) === "refused") return;
  const log = await openLog(driving);
  for (const line of openingLines(stream.state)) await log.line(line);
}

/** The source comes before the first step of all. */
async function fetchSource(driving: Driving, session: StepSession): Promise<"fetched" | "failed"> {
  const { stream, deps } = driving;
  const log = await openLog(driving);
  const { source } = stream.state.config;
  if (source !== undefined) {
    const kinds = Object.keys(source).join(", ");
    const { sourceFor = async () => err(`this engine has no way to fetch a source (${kinds})`) } = deps;
    const fetched = await unlessEnding(driving, () => sourceFor(stream.state, session.workspace));
    if (fetched === "ending") return "failed";
    if (!fetched.ok) {
      await stream.record({ type: "source-failed", reason: fetched.error });
      return "failed";
    }
  }
  await log.line("BUILD");
  return "fetched";
}

async function beginStep(
  driving: Driving,
  start: Extract<NextForBuild, { kind: "start-steps" }>["steps"][number],
): Promise<void> {
  const { stream, deps } = driving;
  const session = await openSession(driving);
  const isFirst = stream.state.steps.every((step) => step.name === "waiting" && step.tries === 0);
  if (isFirst && (await fetchSource(driving, session)) === "failed") return;
  // The intent is on record before anything happens, so that a new server knows what to look for.
  if ((await stream.record({ type: "step-started", ...start })) === "refused") return;
  const log = await openLog(driving);
  for (const line of stepLine(stream.state, start.step, "Starting")) await log.line(line);
  await log.stepStarted(start.step, start.try);
  const logPath = log.stepFile(start.step, start.try);
  try {
    followStep(driving, start.step, await startStep({ deps, build: stream.state, session, attempt: start, logPath }));
  } catch {
    reportEnd(driving, start.step, "lost"); // the session broke before it could say whether the step runs
  }
}

async function endSteps(driving: Driving, next: Extract<NextForBuild, { kind: "stop-steps" }>): Promise<void> {
  const { running, stopping, outcomes, deps } = driving;
  const graceMs = deps.stopGraceMs ?? DEFAULT_STOP_GRACE_MS;
  const isAsked = next.steps.every((step) => stopping.has(step));
  for (const step of next.steps) {
    if (stopping.has(step)) continue;
    stopping.set(step, next.as);
    // Its end comes back through `ended`, also where the supervisor is lost.
    running
      .get(step)
      ?.stop(graceMs)
      .catch(() => {});
  }
  const before = deps.clock.now();
  const until = before + graceMs + STOP_DOUBT_MS;
  await waitUntil(driving, until);
  // Nothing was heard in all that time, twice: the build must not wait for ever.
  if (isAsked && outcomes.length === 0 && deps.clock.now() >= until) {
    for (const step of next.steps) outcomes.push({ step, end: "lost" });
  }
}

async function end(
  driving: Driving,
  status: EndStatus,
  detail: string,
  results: BuildResults = { images: [] },
): Promise<void> {
  const { stream } = driving;
  const log = await openLog(driving);
  for (const line of closingLines(stream.state, status)) await log.line(line);
  await driving.session?.close();
  delete driving.session;
  await stream.record({ type: "build-ended", status, detail, ...results });
}
