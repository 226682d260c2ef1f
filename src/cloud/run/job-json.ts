/** What is kept of a job, what a client may set of it, and the API's JSON. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import type { StoredExecution } from "./execution-json.ts";
import { templateFault } from "./instance-spec.ts";
import { type JsonObject, objectOf, textsOf } from "./read-json.ts";
import { type Place, placeName } from "./resources.ts";
import { conditionJson, etagOf, keptTemplate } from "./service-json.ts";
import { overlaid } from "./service-spec.ts";

/** The type of jobs in operations. */
export const JOB_TYPE = "google.cloud.run.v2.Job";

/** A job that a call is about. */
export type JobPlace = Place & { readonly job: string };
/** A job as it is kept. */
export interface StoredJob extends Place {
  readonly job: string;
  readonly uid: string;
  readonly creator: string;
  readonly createTime: string;
  readonly updateTime: string;
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly template: JsonObject;
}

/** A change that a client asks for. */
export interface JobChange {
  readonly body: JsonObject;
  readonly validateOnly: boolean;
  readonly caller: string;
}

/** A job as the change makes it; `uid` and `at` are for one that is new. Errors are for the client. */
export function planJob(
  place: JobPlace,
  { body, caller }: JobChange,
  { current, uid, at }: { readonly current: StoredJob | undefined; readonly uid: string; readonly at: string },
): Result<StoredJob, string> {
  const template = keptJobTemplate(body.template);
  const fault = templateFault(objectOf(template.template));
  if (fault !== undefined) return err(`template.${fault}`);
  const { project, location, job } = place;
  const spec = { labels: textsOf(body.labels), annotations: textsOf(body.annotations), template };
  const born = { uid, creator: caller, createTime: at };
  const generation = (current?.generation ?? 0) + 1;
  return ok({ ...(current ?? born), ...spec, project, location, job, generation, updateTime: at });
}

/** The body that a patch stands for: the fields of the mask, at any depth, from the body, the others as they are. */
export function patchedJob(current: StoredJob, body: JsonObject, mask: readonly string[]): Result<JsonObject, string> {
  if (mask.length === 0 || mask.includes("*")) return ok(body);
  const { labels, annotations, template } = current;
  const before = { labels, annotations, template };
  const unknown = mask.find((path) => !Object.keys(before).includes(path.split(".")[0] ?? ""));
  return unknown === undefined
    ? ok(overlaid(before, body, mask))
    : err(`updateMask: ${unknown} is no field that can be updated.`);
}

/** `google.cloud.run.v2.Job`; the executions are the newest first. */
export function jobJson(stored: StoredJob, executions: readonly StoredExecution[]): JsonObject {
  const [latest] = executions;
  const { project: _, location: __, job, generation, ...rest } = stored;
  const condition = { state: "CONDITION_SUCCEEDED", at: stored.updateTime } as const;
  return {
    ...rest,
    name: `${placeName(stored)}/jobs/${job}`,
    generation: String(generation),
    observedGeneration: String(generation),
    terminalCondition: conditionJson("Ready", condition),
    executionCount: executions.length,
    ...(latest === undefined ? {} : { latestCreatedExecution: referenceJson(latest) }),
    etag: etagOf(stored),
  };
}

/** `google.cloud.run.v2.ExecutionReference`. */
function referenceJson({ execution, createTime, completionTime, condition }: StoredExecution): JsonObject {
  const end = condition.reason === "CANCELLED" ? "CANCELLED" : condition.state.replace("CONDITION_", "");
  const status = completionTime === undefined ? "EXECUTION_RUNNING" : `EXECUTION_${end}`;
  return {
    name: execution,
    createTime,
    ...(completionTime === undefined ? {} : { completionTime }),
    completionStatus: status,
  };
}

function keptJobTemplate(value: unknown): JsonObject {
  const template = objectOf(value);
  return { ...template, template: keptTemplate(template.template) };
}
