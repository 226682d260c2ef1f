import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import { EXECUTION_TYPE, executionJson, type StoredExecution } from "./execution-json.ts";
import { change } from "./keep.ts";
import { type Operations, operationId } from "./operations.ts";
import type { JsonObject } from "./read-json.ts";
import { COLLECTION, type Condition, MAX_RESOURCES, type Place } from "./resources.ts";
import type { Task, TaskEnd } from "./run-task.ts";

/** Tasks of one execution that run at once, at most: this is one machine. */
const MAX_PARALLEL = 4;
/** What tasks get to end by themselves when the cloud is closed. */
const CLOSE_GRACE_MS = 2_000;
/** Executions of one job that are kept; the oldest ended ones go. */
const KEPT_EXECUTIONS = 100;

type JobPlace = Place & { readonly job: string };
type ExecutionPlace = JobPlace & { readonly execution: string };
type Answer = Promise<Result<JsonObject, Refusal>>;

/** What of an execution is known before it begins. */
export type ExecutionPlan = ExecutionPlace &
  Pick<StoredExecution, "creator" | "labels" | "taskCount" | "parallelism" | "template">;

export interface ExecutionDependencies {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly operations: Operations;
  readonly runTask: (task: Task, signal: AbortSignal) => Promise<TaskEnd>;
  readonly isClosing: () => boolean;
}

/** Executions of jobs: their tasks are processes of this machine, and end with the server. */
export interface Executions {
  /** Begins one; the JSON of the operation that ends with it. */
  begin(plan: ExecutionPlan): Promise<JsonObject>;
  get(place: ExecutionPlace): Answer;
  /** Those of a job, the newest first. */
  list(place: JobPlace): Promise<readonly StoredExecution[]>;
  /** Stops its tasks; the operation ends when they have. Nothing changes where it has ended. */
  cancel(place: ExecutionPlace): Answer;
  /** Stops and forgets all of a job. */
  removeAll(place: JobPlace): Promise<void>;
  /** At a start: those that an earlier run left open have failed. Nobody knows how far they got, so none is repeated. */
  recover(): Promise<void>;
  /** Stops all tasks. */
  close(): Promise<void>;
}

interface Running {
  readonly stop: AbortController;
  readonly over: Promise<void>;
}

/** Executions in Documents. */
export function createExecutions(deps: ExecutionDependencies): Executions {
  const { documents, clock, operations } = deps;
  const collection = COLLECTION.executions;
  const running = new Map<string, Running>();
  const find = async (place: ExecutionPlace): Promise<Result<StoredExecution, Refusal>> => {
    const found = await documents.get<StoredExecution>(collection, keyOf(place));
    return found === undefined ? err(notFound(place)) : ok(found.value);
  };
  const list = async (place: JobPlace): Promise<readonly StoredExecution[]> => {
    const prefix = `${place.project}/${place.location}/${place.job}/`;
    const found = await documents.list<StoredExecution>({ collection, prefix, limit: MAX_RESOURCES });
    return found.map(({ value }) => value).toSorted((a, b) => (a.createTime < b.createTime ? 1 : -1));
  };
  const stop = async (place: ExecutionPlace): Promise<void> => {
    const found = running.get(keyOf(place));
    found?.stop.abort();
    await found?.over;
  };

  return {
    list,
    async begin(plan) {
      const old = (await list(plan))
        .slice(KEPT_EXECUTIONS - 1)
        .filter(({ completionTime }) => completionTime !== undefined);
      for (const each of old) await documents.remove(collection, keyOf(each));
      const { stored, begun } = await write(deps, plan);
      const stop = new AbortController();
      const over = carryOut(deps, stored, stop.signal)
        .catch(() => undefined) // of a lost store: it stays open, and the next start says that it failed
        .finally(() => running.delete(keyOf(stored)));
      running.set(keyOf(stored), { stop, over });
      return begun;
    },
    async get(place) {
      const found = await find(place);
      return found.ok ? ok(executionJson(found.value)) : found;
    },
    async cancel(place) {
      const found = await find(place);
      if (!found.ok) return found;
      const begun = await operations.begin(place, { type: EXECUTION_TYPE, resource: executionJson(found.value) });
      void (async () => {
        await stop(place);
        const now = await find(place);
        const id = operationId(begun);
        await operations.end({ ...place, id }, now.ok ? executionJson(now.value) : {}, now.ok ? undefined : now.error);
      })().catch(() => undefined); // of a lost store: the next start ends the operation
      return ok(begun);
    },
    async removeAll(place) {
      for (const execution of await list(place)) {
        await stop(execution);
        await documents.remove(collection, keyOf(execution));
      }
    },
    recover: () => recover(deps),
    async close() {
      for (const { stop } of running.values()) stop.abort();
      const all = Promise.all([...running.values()].map(({ over }) => over));
      await Promise.race([all, clock.sleep(CLOSE_GRACE_MS)]); // whatever is left ends with the supervisor
    },
  };
}

async function recover(deps: ExecutionDependencies): Promise<void> {
  const message = "The server ended while the execution ran. How far it got is unknown, so it is not repeated.";
  const collection = COLLECTION.executions;
  let afterKey = "";
  for (;;) {
    const page = await deps.documents.list<StoredExecution>({ collection, prefix: "", limit: MAX_RESOURCES, afterKey });
    const left = page.filter(({ value }) => value.completionTime === undefined);
    for (const { value } of left) await finish(deps, value, { reason: "INTERNAL", message });
    const last = page.at(-1);
    if (last === undefined || page.length < MAX_RESOURCES) return;
    afterKey = last.key;
  }
}

/** Writes an execution that begins, its operation first: none runs that no client can ask for. */
async function write(
  { documents, clock, ids, operations }: ExecutionDependencies,
  plan: ExecutionPlan,
): Promise<{ readonly stored: StoredExecution; readonly begun: JsonObject }> {
  const at = toIso(clock.now());
  const counts = { succeeded: 0, failed: 0, cancelled: 0, retried: 0 };
  const condition = { state: "CONDITION_RECONCILING", at } as const;
  const born = { ...plan, uid: ids.uuid(), createTime: at, updateTime: at, counts, condition, operation: "" };
  const begun = await operations.begin(plan, { type: EXECUTION_TYPE, resource: executionJson(born) });
  const stored = { ...born, operation: operationId(begun) };
  await documents.put(COLLECTION.executions, keyOf(stored), stored, 0);
  return { stored, begun };
}

/** Runs all tasks, a few at once, and counts how they end. */
async function carryOut(deps: ExecutionDependencies, execution: StoredExecution, signal: AbortSignal): Promise<void> {
  const { template, taskCount: count, parallelism } = execution;
  const failures: { readonly reason: string; readonly message: string }[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count && !signal.aborted) {
      const index = next;
      next += 1;
      const { result, retries } = await deps.runTask({ ...execution, template, index, count }, signal);
      if (!result.ok) failures.push(result.error);
      const end = result.ok ? "succeeded" : result.error.reason === "CANCELLED" ? "cancelled" : "failed";
      await change<StoredExecution, "gone">(deps.documents, atOf(execution), (current) => {
        if (current === undefined) return err("gone");
        const { counts } = current;
        return ok({ ...current, counts: { ...counts, [end]: counts[end] + 1, retried: counts.retried + retries } });
      });
    }
  };
  const workers = Math.min(parallelism === 0 ? MAX_PARALLEL : parallelism, MAX_PARALLEL, count);
  await Promise.all(Array.from({ length: workers }, work));
  // What ends because the cloud is closed is judged by the next start: by then it is known that nothing of it runs.
  if (deps.isClosing()) return;
  const cancelled = signal.aborted ? { reason: "CANCELLED", message: "The execution was cancelled." } : undefined;
  await finish(deps, execution, failures[0] ?? cancelled);
}

/** Writes how an execution ended, then ends its operation. */
async function finish(
  { documents, clock, operations }: ExecutionDependencies,
  execution: StoredExecution,
  failure: { readonly reason: string; readonly message: string } | undefined,
): Promise<void> {
  const at = toIso(clock.now());
  const condition: Condition =
    failure === undefined ? { state: "CONDITION_SUCCEEDED", at } : { state: "CONDITION_FAILED", ...failure, at };
  const written = await change<StoredExecution, "gone">(documents, atOf(execution), (current) =>
    current === undefined ? err("gone") : ok({ ...current, condition, completionTime: at, updateTime: at }),
  );
  const { project, location, operation: id } = execution;
  const error = failure === undefined ? undefined : refusal("FAILED_PRECONDITION", failure.message);
  await operations.end({ project, location, id }, executionJson(written.ok ? written.value : execution), error);
}

function atOf(place: ExecutionPlace): { readonly collection: string; readonly key: string } {
  return { collection: COLLECTION.executions, key: keyOf(place) };
}

function keyOf({ project, location, job, execution }: ExecutionPlace): string {
  return `${project}/${location}/${job}/${execution}`;
}

function notFound({ execution, job }: ExecutionPlace): Refusal {
  return refusal("NOT_FOUND", `Execution '${execution}' of job '${job}' does not exist.`);
}
