/** Jobs and executions in the older form that `gcloud run jobs` speaks, from and to the newer one. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { isNothing } from "./knative-container.ts";
import { knativeCondition, LOCATION_LABEL, placeIn, shortName } from "./knative-json.ts";
import { knativeTemplate, readTemplate } from "./knative-template.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, textOf, textsOf } from "./read-json.ts";
import { readMetadata } from "./read-knative.ts";

/** The group and version that jobs and executions have. */
export const RUN_V1 = "run.googleapis.com/v1";
/** The label that gcloud finds the executions of a job by. */
const JOB_LABEL = "run.googleapis.com/job";
const TOKENS = ["startExecutionToken", "runExecutionToken"] as const;

/** `run.googleapis.com/v1` Job from a `google.cloud.run.v2.Job`. */
export function knativeJob(job: JsonObject): JsonObject {
  const { project, location, name } = placeIn(job);
  const { latestCreatedExecution: latest } = job;
  return {
    apiVersion: RUN_V1,
    kind: "Job",
    metadata: {
      name,
      namespace: project,
      uid: job.uid,
      resourceVersion: textOf(job.etag),
      generation: numberOf(job.generation),
      creationTimestamp: job.createTime,
      labels: { ...textsOf(job.labels), [LOCATION_LABEL]: location },
      annotations: { ...textsOf(job.annotations), "run.googleapis.com/creator": textOf(job.creator) },
    },
    spec: { template: knativeExecutionTemplate(objectOf(job.template), project) },
    status: {
      observedGeneration: numberOf(job.observedGeneration),
      conditions: [knativeCondition("Ready", objectOf(job.terminalCondition))],
      executionCount: job.executionCount,
      ...(latest === undefined ? {} : { latestCreatedExecution: knativeReference(objectOf(latest)) }),
    },
  };
}

/** `run.googleapis.com/v1` Execution from a `google.cloud.run.v2.Execution`. */
export function knativeExecution(execution: JsonObject): JsonObject {
  const { project, location } = placeIn(execution);
  const [completed = {}] = objectsOf(execution.conditions);
  const { completionTime, createTime, startTime } = execution;
  const taskCount = numberOf(execution.taskCount) ?? 0;
  const ended = (numberOf(execution.succeededCount) ?? 0) + (numberOf(execution.failedCount) ?? 0);
  const { metadata, spec } = knativeExecutionTemplate(execution, project);
  const started = { state: "CONDITION_SUCCEEDED", lastTransitionTime: startTime };
  return {
    apiVersion: RUN_V1,
    kind: "Execution",
    metadata: {
      ...objectOf(metadata),
      name: shortName(execution.name),
      namespace: project,
      uid: execution.uid,
      generation: 1,
      resourceVersion: textOf(execution.etag),
      creationTimestamp: createTime,
      labels: { ...textsOf(execution.labels), [LOCATION_LABEL]: location, [JOB_LABEL]: textOf(execution.job) },
      annotations: { "run.googleapis.com/creator": textOf(execution.creator) },
      ownerReferences: [{ apiVersion: RUN_V1, kind: "Job", name: textOf(execution.job), controller: true }],
    },
    spec,
    status: {
      observedGeneration: 1,
      conditions: [
        knativeCondition("Completed", completed),
        knativeCondition("ResourcesAvailable", started),
        knativeCondition("Started", started),
        knativeCondition("ContainerReady", started),
      ],
      startTime,
      ...(completionTime === undefined ? { runningCount: Math.max(0, taskCount - ended) } : { completionTime }),
      succeededCount: execution.succeededCount,
      failedCount: execution.failedCount,
      cancelledCount: execution.cancelledCount,
      retriedCount: execution.retriedCount,
    },
  };
}

/** The body of a change that replaces the whole job; `current` is the newer form of what is there. */
export function readKnativeJob(
  body: JsonObject,
  current: JsonObject | undefined,
  project: string,
): Result<JsonObject, string> {
  const meta = readMetadata(body, { kind: "Job", project });
  if (!meta.ok) return meta;
  const spec = objectOf(body.spec);
  const token = TOKENS.find((name) => !isNothing(spec[name]));
  if (token !== undefined) return err(`spec.${token}: is not there in the embedded Cloud Run; execute the job.`);
  const { metadata, spec: execution } = objectOf(spec.template);
  const { parallelism, taskCount, template } = objectOf(execution);
  const before = current === undefined ? undefined : objectOf(current.template);
  const asked = { metadata: objectOf(metadata), spec: objectOf(objectOf(template).spec) };
  const read = readTemplate(asked, before === undefined ? undefined : taskWithMetadata(before), project);
  if (!read.ok) return read;
  const { labels, annotations, revision: _, ...task } = read.value;
  for (const [name, count] of Object.entries({ parallelism, taskCount })) {
    if (count !== undefined && !Number.isInteger(numberOf(count))) return err(`spec.template.spec.${name}: no number.`);
  }
  return ok({
    labels: meta.value.labels,
    annotations: meta.value.annotations,
    etag: meta.value.version,
    template: {
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(parallelism === undefined ? {} : { parallelism: numberOf(parallelism) }),
      ...(taskCount === undefined ? {} : { taskCount: numberOf(taskCount) }),
      template: task,
    },
  });
}

/** The body of a run of the newer form, from `{overrides}` of the older one. Errors are for the client. */
export function readRun(body: JsonObject): Result<JsonObject, string> {
  const { containerOverrides, taskCount, timeoutSeconds } = objectOf(body.overrides);
  const seconds = numberOf(timeoutSeconds);
  if (timeoutSeconds !== undefined && (seconds === undefined || seconds <= 0)) {
    return err("overrides.timeoutSeconds: must be a number over 0.");
  }
  const overrides = {
    ...(containerOverrides === undefined ? {} : { containerOverrides: objectsOf(containerOverrides) }),
    ...(taskCount === undefined ? {} : { taskCount }),
    ...(seconds === undefined ? {} : { timeout: `${seconds}s` }),
  };
  return ok({ overrides });
}

function knativeExecutionTemplate(template: JsonObject, project: string): JsonObject {
  const { metadata, spec } = knativeTemplate(taskWithMetadata(template), project);
  const { containerConcurrency: _, ...task } = spec;
  const { parallelism, taskCount } = template;
  return {
    metadata,
    spec: {
      ...(parallelism === undefined ? {} : { parallelism }),
      ...(taskCount === undefined ? {} : { taskCount }),
      template: { spec: task },
    },
  };
}

/** A task's template with the labels and annotations of its execution, which the older form has in one place. */
function taskWithMetadata({ labels, annotations, template }: JsonObject): JsonObject {
  return { ...objectOf(template), labels, annotations };
}

function knativeReference({ name, createTime, completionTime, completionStatus }: JsonObject): JsonObject {
  return {
    name: shortName(name),
    creationTimestamp: createTime,
    completionStatus,
    ...(completionTime === undefined ? {} : { completionTimestamp: completionTime }),
  };
}
