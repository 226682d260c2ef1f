import { stepLine } from "../../core/build/log-lines.ts";
import { isRepeatable } from "../../core/build/state.ts";
import { type Driving, followStep, MAX_TRIES, openLog, openSession } from "./driving.ts";
import { resumeStep } from "./start-step.ts";

interface Attempt {
  readonly step: number;
  readonly try: number;
}

/**
 * Says what became of the steps that ran when the earlier server died: exit records first, then what still runs and can
 * be followed again; the rest is interrupted.
 */
export async function settleInterrupted(driving: Driving): Promise<void> {
  const { id, steps, stage } = driving.stream.state;
  if (stage.name === "working") driving.slots.keep(id);
  for (const [step, state] of steps.entries()) {
    if (state.name === "running") await settle(driving, { step, try: state.try });
  }
}

async function settle(driving: Driving, attempt: Attempt): Promise<void> {
  const { stream, deps, directory } = driving;
  const { id, config } = stream.state;
  const log = await openLog(driving);
  await log.stepStarted(attempt.step, attempt.try);
  const end = await deps.executor.recorded({ id, directory }, attempt);
  if (end === undefined && (await resume(driving, attempt))) return;
  await log.stepEnded(attempt.step);
  if (end !== undefined) {
    await stream.record({ type: "step-ended", ...attempt, ...end });
    for (const line of stepLine(stream.state, attempt.step, "Finished")) await log.line(line);
    return;
  }
  if (stream.state.ending !== undefined) {
    await stream.record({ type: "step-ended", ...attempt, outcome: { kind: "stopped" } });
    return;
  }
  const consequence = isRepeatable(config, attempt.step) && attempt.try < MAX_TRIES ? "run-again" : "build-fails";
  const again = consequence === "run-again" ? "; it is run again" : "";
  await log.line(`The server ended while step #${attempt.step} ran${again}.`);
  await stream.record({ type: "step-interrupted", ...attempt, consequence });
}

async function resume(driving: Driving, attempt: Attempt): Promise<boolean> {
  const { deps, stream } = driving;
  const session = await openSession(driving);
  const logPath = (await openLog(driving)).stepFile(attempt.step, attempt.try);
  const running = await resumeStep({ deps, build: stream.state, session, attempt, logPath });
  if (running === undefined) return false;
  followStep(driving, attempt.step, running);
  return true;
}
