import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import { executionSpec } from "./execution-json.ts";
import type { ExecutionPlan, Executions } from "./executions.ts";
import { JOB_TYPE, type JobChange, type JobPlace, jobJson, patchedJob, planJob, type StoredJob } from "./job-json.ts";
import { endedOperation, type Operations, operationId } from "./operations.ts";
import { type JsonObject, objectOf } from "./read-json.ts";
import { COLLECTION, MAX_RESOURCES, type Place } from "./resources.ts";
import { etagOf } from "./service-json.ts";
import { readMask } from "./service-spec.ts";

const JOB_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

type Answer = Promise<Result<JsonObject, Refusal>>;

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

interface JobDependencies {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly operations: Operations;
  readonly executions: Executions;
}

/** Jobs in Documents. */
export function createJobResources(deps: JobDependencies): JobResources {
  const { documents, clock, ids, operations, executions } = deps;
  const json = async (stored: StoredJob) => jobJson(stored, await executions.list(stored));
  const find = async (place: JobPlace) => await documents.get<StoredJob>(COLLECTION.jobs, keyOf(place));

  const write = async (place: JobPlace, change: JobChange, current: Found | undefined): Answer => {
    const planned = planJob(place, change, { current: current?.value, uid: ids.uuid(), at: toIso(clock.now()) });
    if (!planned.ok) return err(refusal("INVALID_ARGUMENT", planned.error));
    const stored = planned.value;
    const { project, location, job } = place;
    if (change.validateOnly) return ok(endedOperation(place, JOB_TYPE, await json(stored)));
    const written = await documents.put(COLLECTION.jobs, keyOf(place), stored, current?.version ?? 0);
    if (!written.ok) return err(conflict(job));
    const begun = await operations.begin({ project, location }, { type: JOB_TYPE, resource: await json(stored) });
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
      if (isStale(current.value, change.body.etag)) return err(conflict(place.job));
      const body = patchedJob(current.value, change.body, readMask(change.mask));
      if (!body.ok) return err(refusal("INVALID_ARGUMENT", body.error));
      return write(place, { ...change, body: body.value }, current);
    },
    async get(place) {
      const found = await find(place);
      return found === undefined ? err(notFound(place)) : ok(await json(found.value));
    },
    async list({ project, location }) {
      const prefix = location === "-" ? `${project}/` : `${project}/${location}/`;
      const query = { collection: COLLECTION.jobs, prefix, limit: MAX_RESOURCES };
      return Promise.all((await documents.list<StoredJob>(query)).map(({ value }) => json(value)));
    },
    async remove(place, etag) {
      const current = await find(place);
      if (current === undefined) return err(notFound(place));
      if (isStale(current.value, etag)) return err(conflict(place.job));
      const resource = await json(current.value);
      await documents.remove(COLLECTION.jobs, keyOf(place));
      await executions.removeAll(place);
      const begun = await operations.begin(place, { type: JOB_TYPE, resource });
      await operations.end({ ...place, id: operationId(begun) }, resource);
      return operations.get({ ...place, id: operationId(begun) });
    },
    async run(place, change) {
      const current = await find(place);
      if (current === undefined) return err(notFound(place));
      const planned = planRun(current.value, change, ids);
      if (!planned.ok) return planned;
      const isOnlyChecked = change.validateOnly || change.body.validateOnly === true;
      if (isOnlyChecked) return ok(endedOperation(place, JOB_TYPE, await json(current.value)));
      return ok(await executions.begin(planned.value));
    },
  };
}

/** The next execution of a job, or why there is none. */
function planRun(job: StoredJob, { body, caller }: JobChange, ids: Ids): Result<ExecutionPlan, Refusal> {
  if (isStale(job, body.etag)) return err(conflict(job.job));
  const spec = executionSpec(job.template, objectOf(body.overrides));
  if (!spec.ok) return err(refusal("INVALID_ARGUMENT", spec.error));
  const { project, location, labels } = job;
  const execution = `${job.job}-${ids.randomHex(3).slice(0, 5)}`;
  return ok({ project, location, job: job.job, execution, creator: caller, labels, ...spec.value });
}

/** Whether a client names another state than this one; it need not name any. */
function isStale(job: StoredJob, etag: unknown): boolean {
  return typeof etag === "string" && etag !== "" && etag !== etagOf(job);
}

type Found = { readonly value: StoredJob; readonly version: number };

function keyOf({ project, location, job }: JobPlace): string {
  return `${project}/${location}/${job}`;
}

function notFound(place: JobPlace): Refusal {
  return refusal("NOT_FOUND", `Resource '${place.job}' of kind 'JOB' in region '${place.location}' does not exist.`);
}

function conflict(job: string): Refusal {
  return refusal("ABORTED", `Conflict for resource '${job}': version given was not the current version.`);
}
