import { stepLine } from "../../core/build/log-lines.ts";
import { isRepeatable } from "../../core/build/state.ts";
import { type Driving, MAX_TRIES, openLog } from "./driving.ts";

/** Says what became of the steps that ran when the earlier server died: exit records first, the rest is interrupted. */
export async function settleInterrupted(driving: Driving): Promise<void> {
  const { stream, deps, directory } = driving;
  const { id, config, steps, stage } = stream.state;
  if (stage.name === "working") driving.slots.keep(id);
  for (const [step, state] of steps.entries()) {
    if (state.name !== "running") continue;
    const attempt = { step, try: state.try };
    const log = await openLog(driving);
    await log.stepStarted(step, state.try);
    await log.stepEnded(step);
    const outcome = await deps.executor.recorded({ id, directory }, attempt);
    if (outcome !== undefined) {
      await stream.record({ type: "step-ended", ...attempt, outcome });
      for (const line of stepLine(stream.state, step, "Finished")) await log.line(line);
      continue;
    }
    if (stream.state.ending !== undefined) {
      await stream.record({ type: "step-ended", ...attempt, outcome: { kind: "stopped" } });
      continue;
    }
    const consequence = isRepeatable(config, step) && state.try < MAX_TRIES ? "run-again" : "build-fails";
    await log.line(
      `The server ended while step #${step} ran${consequence === "run-again" ? "; it is run again" : ""}.`,
    );
    await stream.record({ type: "step-interrupted", ...attempt, consequence });
  }
}
