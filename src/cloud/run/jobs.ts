import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import { executionSpec, type StoredExecution } from "./execution-json.ts";
import type { Executions } from "./executions.ts";
import { type Refusal, refusal } from "./google-error.ts";
import { templateFault } from "./instance-spec.ts";
import { endedOperation, type Operations, operationId } from "./operations.ts";
import { COLLECTION, type JsonObject, MAX_RESOURCES, objectOf, type Place, placeName, textsOf } from "./resources.ts";
import { conditionJson, etagOf, keptTemplate } from "./service-json.ts";
import { readMask } from "./service-spec.ts";

const TYPE = "google.cloud.run.v2.Job";
const JOB_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

interface StoredJob extends Place {
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

type JobPlace = Place & { readonly job: string };
type Answer = Promise<Result<JsonObject, Refusal>>;

interface JobChange {
  readonly body: JsonObject;
  readonly validateOnly: boolean;
  readonly caller: string;
}

/** Jobs, and their executions. */
export interface JobResources {
  create(place: JobPlace, change: JobChange): Answer;
  patch(place: JobPlace, change: JobChange & { readonly mask: string; readonly allowMissing: boolean }): Answer;
  get(place: JobPlace): Answer;
  list(place: Place): Promise<readonly JsonObject[]>;
  /** Stops what runs of it, and forgets it with its executions. */
  remove(place: JobPlace, etag: string): Answer;
  /** Begins an execution; the operation ends with it. */
  run(place: JobPlace, change: JobChange): Answer;
  readonly executions: Executions;
}

/** Jobs in Documents. */
export function createJobResources(deps: {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly operations: Operations;
  readonly executions: Executions;
}): JobResources {
  const { documents, clock, ids, operations, executions } = deps;
  const json = async (stored: StoredJob) => jobJson(stored, await executions.list(stored));
  const find = async (place: JobPlace) => await documents.get<StoredJob>(COLLECTION.jobs, keyOf(place));

  const write = async (place: JobPlace, change: JobChange, current: Found | undefined): Answer => {
    const template = keptJobTemplate(change.body.template);
    const fault = templateFault(objectOf(template.template));
    if (fault !== undefined) return err(refusal("INVALID_ARGUMENT", `template.${fault}`));
    const { project, location, job } = place;
    const at = toIso(clock.now());
    const { labels, annotations } = change.body;
    const spec = { labels: textsOf(labels), annotations: textsOf(annotations), template };
    const born = { uid: ids.uuid(), creator: change.caller, createTime: at };
    const generation = (current?.value.generation ?? 0) + 1;
    const stored: StoredJob = {
      ...(current?.value ?? born),
      ...spec,
      project,
      location,
      job,
      generation,
      updateTime: at,
    };
    if (change.validateOnly) return ok(endedOperation(place, TYPE, await json(stored)));
    const written = await documents.put(COLLECTION.jobs, keyOf(place), stored, current?.version ?? 0);
    if (!written.ok) return err(conflict(job));
    const begun = await operations.begin({ project, location }, { type: TYPE, resource: await json(stored) });
    const operation = { project, location, id: operationId(begun) };
    await operations.end(operation, await json(stored));
    return operations.get(operation);
  };

  const create: JobResources["create"] = async (place, change) => {
    if (!JOB_ID.test(place.job)) return err(refusal("INVALID_ARGUMENT", `job_id: must match ${JOB_ID.source}.`));
    if ((await find(place)) !== undefined) {
      return err(refusal("ALREADY_EXISTS", `Resource '${place.job}' already exists.`));
    }
    return write(place, change, undefined);
  };

  return {
    create,
    executions,
    async patch(place, change) {
      const current = await find(place);
      if (current === undefined) return change.allowMissing ? create(place, change) : err(notFound(place));
      const { etag } = change.body;
      if (typeof etag === "string" && etag !== "" && etag !== etagOf(current.value)) return err(conflict(place.job));
      const body = masked(current.value, change.body, readMask(change.mask));
      return write(place, { ...change, body }, current);
    },
    async get(place) {
      const found = await find(place);
      return found === undefined ? err(notFound(place)) : ok(await json(found.value));
    },
    async list({ project, location }) {
      const query = { collection: COLLECTION.jobs, prefix: `${project}/${location}/`, limit: MAX_RESOURCES };
      return Promise.all((await documents.list<StoredJob>(query)).map(({ value }) => json(value)));
    },
    async remove(place, etag) {
      const current = await find(place);
      if (current === undefined) return err(notFound(place));
      if (etag !== "" && etag !== etagOf(current.value)) return err(conflict(place.job));
      const resource = await json(current.value);
      await documents.remove(COLLECTION.jobs, keyOf(place));
      await executions.removeAll(place);
      const begun = await operations.begin(place, { type: TYPE, resource });
      await operations.end({ ...place, id: operationId(begun) }, resource);
      return operations.get({ ...place, id: operationId(begun) });
    },
    async run(place, { body, caller, validateOnly }) {
      const current = await find(place);
      if (current === undefined) return err(notFound(place));
      const { etag } = body;
      if (typeof etag === "string" && etag !== "" && etag !== etagOf(current.value)) return err(conflict(place.job));
      const spec = executionSpec(current.value.template, objectOf(body.overrides));
      if (!spec.ok) return err(refusal("INVALID_ARGUMENT", spec.error));
      if (validateOnly || body.validateOnly === true) {
        return ok(endedOperation(place, TYPE, await json(current.value)));
      }
      const { project, location, job } = place;
      const execution = `${job}-${ids.randomHex(3).slice(0, 5)}`;
      const { labels } = current.value;
      return ok(await executions.begin({ project, location, job, execution, creator: caller, labels, ...spec.value }));
    },
  };
}

type Found = { readonly value: StoredJob; readonly version: number };

function keptJobTemplate(value: unknown): JsonObject {
  const template = objectOf(value);
  return { ...template, template: keptTemplate(template.template) };
}

/** Fields of the mask from the body, the others as they are. */
function masked(current: StoredJob, body: JsonObject, mask: readonly string[]): JsonObject {
  if (mask.length === 0) return body;
  const { labels, annotations, template } = current;
  return Object.fromEntries(
    Object.entries({ labels, annotations, template }).map(([name, value]) => [
      name,
      mask.includes(name) ? body[name] : value,
    ]),
  );
}

function jobJson(stored: StoredJob, executions: readonly StoredExecution[]): JsonObject {
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

function keyOf({ project, location, job }: JobPlace): string {
  return `${project}/${location}/${job}`;
}

function notFound(place: JobPlace): Refusal {
  return refusal("NOT_FOUND", `Resource '${place.job}' of kind 'JOB' in region '${place.location}' does not exist.`);
}

function conflict(job: string): Refusal {
  return refusal("ABORTED", `Conflict for resource '${job}': version given was not the current version.`);
}
