/** What is kept of an execution, what a run may override, and the API's JSON of it. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { durationMs, templateFault } from "./instance-spec.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from "./read-json.ts";
import { type Condition, type Place, placeName } from "./resources.ts";
import { conditionJson, etagOf } from "./service-json.ts";

/** The type of executions in operations. */
export const EXECUTION_TYPE = "google.cloud.run.v2.Execution";

/** Tasks of one execution, at most: this is one machine. */
const MAX_TASKS = 100;

/** One run of a job. */
export interface StoredExecution extends Place {
  readonly job: string;
  readonly execution: string;
  readonly uid: string;
  readonly creator: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createTime: string;
  readonly updateTime: string;
  /** Only once it has ended. */
  readonly completionTime?: string;
  readonly taskCount: number;
  /** Tasks that may run at once; 0: as many as the machine takes. */
  readonly parallelism: number;
  /** A task's template, overrides applied. */
  readonly template: JsonObject;
  /** Tasks by how they ended, and how often tasks were repeated. */
  readonly counts: {
    readonly succeeded: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly retried: number;
  };
  readonly condition: Condition;
  /** The operation that ends with it. */
  readonly operation: string;
}

/** What is run: a job's template with the overrides of one run. Errors are for the client. */
export function executionSpec(
  jobTemplate: JsonObject,
  overrides: JsonObject,
): Result<Pick<StoredExecution, "taskCount" | "parallelism" | "template">, string> {
  const taskCount = numberOf(overrides.taskCount) || numberOf(jobTemplate.taskCount) || 1;
  if (!Number.isInteger(taskCount) || taskCount < 1 || taskCount > MAX_TASKS) {
    return err(`taskCount: must be 1 to ${MAX_TASKS} in the embedded cloud.`);
  }
  const parallelism = numberOf(jobTemplate.parallelism) ?? 0;
  if (!Number.isInteger(parallelism) || parallelism < 0) return err("parallelism: must be 0 or more.");
  const timeout = textOf(overrides.timeout);
  if (timeout !== "" && durationMs(timeout) === undefined)
    return err(`overrides.timeout: '${timeout}' is no duration.`);
  const task = objectOf(jobTemplate.template);
  const containerOverrides = objectsOf(overrides.containerOverrides);
  if (containerOverrides.length > 1) return err("overrides.containerOverrides: a job has one container here.");
  const containers = objectsOf(task.containers).map((container) => overridden(container, containerOverrides[0] ?? {}));
  const template = { ...task, containers, ...(timeout === "" ? {} : { timeout }) };
  const fault = templateFault(template);
  return fault === undefined ? ok({ taskCount, parallelism, template }) : err(`template.${fault}`);
}

function overridden(container: JsonObject, { args, clearArgs, env }: JsonObject): JsonObject {
  const own = objectsOf(env);
  const replaced = new Set(own.map(({ name }) => textOf(name)));
  const kept = objectsOf(container.env).filter(({ name }) => !replaced.has(textOf(name)));
  const isGiven = Array.isArray(args) && args.length > 0;
  return {
    ...container,
    ...(isGiven ? { args } : clearArgs === true ? { args: [] } : {}),
    ...(own.length === 0 ? {} : { env: [...kept, ...own] }),
  };
}

/** The API's name of an execution. */
function executionName(execution: Place & { readonly job: string; readonly execution: string }): string {
  return `${placeName(execution)}/jobs/${execution.job}/executions/${execution.execution}`;
}

/** `google.cloud.run.v2.Execution`. */
export function executionJson(stored: StoredExecution): JsonObject {
  const { job, uid, creator, labels, createTime, updateTime, completionTime, template, counts, condition } = stored;
  const isOver = completionTime !== undefined;
  return {
    name: executionName(stored),
    uid,
    creator,
    generation: "1",
    labels,
    createTime,
    startTime: createTime,
    updateTime,
    ...(isOver ? { completionTime } : { reconciling: true }),
    job,
    parallelism: stored.parallelism,
    taskCount: stored.taskCount,
    template,
    conditions: [conditionJson("Completed", condition)],
    observedGeneration: isOver ? "1" : "0",
    succeededCount: counts.succeeded,
    failedCount: counts.failed,
    cancelledCount: counts.cancelled,
    retriedCount: counts.retried,
    etag: etagOf({ uid, generation: isOver ? 2 : 1 }),
  };
}
