import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import { durationMs } from "./instance-spec.ts";
import { type JsonObject, numberOf } from "./read-json.ts";
import type { Place } from "./resources.ts";
import { type Container, type ContainerDependencies, startContainer } from "./start-container.ts";

/** Cloud Run's defaults of a task. */
const USUAL_TIMEOUT_MS = 600_000;
const USUAL_RETRIES = 3;
/** What SIGTERM gives a task to end by itself, as Cloud Run does. */
const STOP_GRACE_MS = 10_000;

/** One task of an execution: the template is that of a task, overrides applied. */
export interface Task extends Place {
  readonly job: string;
  readonly execution: string;
  readonly template: JsonObject;
  readonly index: number;
  readonly count: number;
}

/** Why a task did not succeed: `reason` is one of the API's, `message` is for people. */
interface TaskFailure {
  readonly reason: string;
  readonly message: string;
}

export type TaskDependencies = ContainerDependencies & { readonly clock: Clock };

/** How a task ended, and how often it had to be repeated. */
export interface TaskEnd {
  readonly result: Result<void, TaskFailure>;
  readonly retries: number;
}

/** Runs a task until it succeeds, or has failed as often as its template lets it. A signal ends it for good. */
export async function runTask(task: Task, deps: TaskDependencies, signal: AbortSignal): Promise<TaskEnd> {
  const retries = numberOf(task.template.maxRetries) ?? USUAL_RETRIES;
  for (let attempt = 0; ; attempt += 1) {
    const result = await runOnce(task, attempt, deps, signal);
    if (result.ok || attempt >= retries || signal.aborted) return { result, retries: attempt };
  }
}

async function runOnce(
  task: Task,
  attempt: number,
  deps: TaskDependencies,
  signal: AbortSignal,
): Promise<Result<void, TaskFailure>> {
  const { project, location, job, execution, template, index, count } = task;
  const env = {
    CLOUD_RUN_JOB: job,
    CLOUD_RUN_EXECUTION: execution,
    CLOUD_RUN_TASK_INDEX: String(index),
    CLOUD_RUN_TASK_COUNT: String(count),
    CLOUD_RUN_TASK_ATTEMPT: String(attempt),
  };
  const started = await startContainer({ project, location, name: job, template, env }, deps, signal);
  if (!started.ok) return started;
  const limitMs = durationMs(template.timeout) ?? USUAL_TIMEOUT_MS;
  const stopped = await stopInTime(started.value, limitMs, deps.clock, signal);
  const { isSuccess, how } = await started.value.ended;
  // One that ended well just before it was to be stopped has done its work.
  if (isSuccess && stopped !== "late") return ok(undefined);
  if (stopped === "cancelled") return err({ reason: "CANCELLED", message: "The execution was cancelled." });
  const what = stopped === "late" ? `reached its timeout of ${Math.round(limitMs / 1_000)} s` : `ended with ${how}`;
  const lines = await started.value.log.lastLines();
  const told = lines.length === 0 ? "It wrote no log." : `Last lines of its log:\n${lines.join("\n")}`;
  return err({ reason: "NON_ZERO_EXIT_CODE", message: `Task ${index} of ${execution} ${what}. ${told}` });
}

/** Waits until a container ends; stops it once its time is over or the signal aborts. */
async function stopInTime(
  { process, ended }: Container,
  limitMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<"ended" | "late" | "cancelled"> {
  const over = new AbortController();
  const waiting = AbortSignal.any([signal, over.signal]);
  const outcome = await Promise.race([
    ended.then(() => "ended" as const),
    clock.sleep(limitMs, waiting).then(() => (signal.aborted ? ("cancelled" as const) : ("late" as const))),
  ]);
  over.abort();
  if (outcome !== "ended") await process.stop(STOP_GRACE_MS).catch(() => undefined);
  return outcome;
}
