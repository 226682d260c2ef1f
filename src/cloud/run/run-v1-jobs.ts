import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Call } from "./calls.ts";
import { executionJson } from "./execution-json.ts";
import { knativeExecution, knativeJob, RUN_V1, readKnativeJob, readRun } from "./knative-jobs.ts";
import { placeIn } from "./knative-json.ts";
import { type JsonObject, objectOf, textOf } from "./read-json.ts";
import { type RegisterRoute, verbPath } from "./routes.ts";
import type { RunCloud } from "./run-cloud.ts";
import { creatingJobV1, needsV1, replacingJobV1, runningJobV1 } from "./run-v1-as.ts";
import { foundIn, listV1, namedV1, regionOf, removedV1, scopeV1 } from "./v1-answers.ts";

const NAMESPACE = "/apis/run.googleapis.com/v1/namespaces/:project";
const JOB = `${NAMESPACE}/jobs/:job`;
const EXECUTION = `${NAMESPACE}/executions/:execution`;

/** Jobs and their executions, as `gcloud run jobs` asks. */
export function registerJobsV1(route: RegisterRoute, run: RunCloud): void {
  const { jobs } = run;
  const list = async (call: Call) => {
    const found = await jobs.list(scopeV1(call));
    return listV1(call, { apiVersion: RUN_V1, kind: "JobList" }, found.map(knativeJob));
  };
  route("GET", `${NAMESPACE}/jobs`, needsV1("run.jobs.list"), list);
  route("GET", "/v1/projects/:project/locations/:location/jobs", needsV1("run.jobs.list"), list);
  route("GET", `${JOB}(^[^:/]+)`, needsV1("run.jobs.get"), async (call) => {
    const found = await findJob(run, call);
    return found.ok ? ok(knativeJob(found.value)) : found;
  });
  route("POST", `${NAMESPACE}/jobs`, creatingJobV1, async (call) => {
    const { project, body, caller } = call;
    const location = regionOf(call);
    if (location === undefined) return err(refusal("INVALID_ARGUMENT", "The region is missing in the host's name."));
    const read = readKnativeJob(body, undefined, project);
    if (!read.ok) return err(refusal("INVALID_ARGUMENT", read.error));
    const place = { project, location, job: textOf(objectOf(body.metadata).name) };
    return changed(await jobs.create(place, { body: read.value, validateOnly: call.query.dryRun === "all", caller }));
  });
  route("PUT", `${JOB}(^[^:/]+)`, replacingJobV1, async (call) => {
    const { project, body, caller, params, query } = call;
    const found = await findJob(run, call);
    if (!found.ok) return found;
    const misnamed = namedV1(body, params.job);
    if (misnamed !== undefined) return err(misnamed);
    const read = readKnativeJob(body, found.value, project);
    if (!read.ok) return err(refusal("INVALID_ARGUMENT", read.error));
    const change = { body: read.value, validateOnly: query.dryRun === "all", caller, mask: "", allowMissing: false };
    return changed(await jobs.patch(jobIn(found.value), change));
  });
  route("DELETE", `${JOB}(^[^:/]+)`, needsV1("run.jobs.delete"), async (call) => {
    const found = await findJob(run, call);
    return found.ok ? removedV1(await jobs.remove(jobIn(found.value), "")) : found;
  });
  route("POST", verbPath(JOB, "run"), runningJobV1, async (call) => {
    const found = await findJob(run, call);
    if (!found.ok) return found;
    const read = readRun(call.body);
    if (!read.ok) return err(refusal("INVALID_ARGUMENT", read.error));
    const begun = await jobs.run(jobIn(found.value), { body: read.value, validateOnly: false, caller: call.caller });
    return begun.ok ? ok(knativeExecution(objectOf(begun.value.metadata))) : begun;
  });
  registerExecutions(route, run);
}

function registerExecutions(route: RegisterRoute, run: RunCloud): void {
  const { executions } = run.jobs;
  route("GET", `${NAMESPACE}/executions`, needsV1("run.executions.list"), async (call) => {
    const all = await run.jobs.list(scopeV1(call));
    const found = await Promise.all(all.map((job) => executions.list(jobIn(job))));
    const items = found.flat().map((stored) => knativeExecution(executionJson(stored)));
    return listV1(call, { apiVersion: RUN_V1, kind: "ExecutionList" }, items);
  });
  route("GET", `${EXECUTION}(^[^:/]+)`, needsV1("run.executions.get"), async (call) => {
    const found = await findExecution(run, call);
    return found.ok ? ok(knativeExecution(found.value.execution)) : found;
  });
  route("POST", verbPath(EXECUTION, "cancel"), needsV1("run.executions.cancel"), async (call) => {
    const found = await findExecution(run, call);
    if (!found.ok) return found;
    const { execution, place } = found.value;
    const begun = await executions.cancel(place);
    return begun.ok ? ok(knativeExecution(execution)) : begun;
  });
}

async function findJob(
  { jobs }: RunCloud,
  call: Call,
  name = textOf(call.params.job),
): Promise<Result<JsonObject, Refusal>> {
  const { project } = call;
  const location = regionOf(call);
  const found =
    location === undefined
      ? (await jobs.list(scopeV1(call))).find((job) => placeIn(job).name === name)
      : foundIn(await jobs.get({ project, location, job: name }));
  return found === undefined ? err(absent("JOB", name, project)) : ok(found);
}

/** An execution by its name alone: its job's, and five digits. */
async function findExecution(run: RunCloud, call: Call) {
  const execution = textOf(call.params.execution);
  const job = await findJob(run, call, execution.replace(/-[^-]*$/, ""));
  if (!job.ok) return err(absent("EXECUTION", execution, call.project));
  const place = { ...jobIn(job.value), execution };
  const found = await run.jobs.executions.get(place);
  return found.ok ? ok({ execution: found.value, place }) : err(absent("EXECUTION", execution, call.project));
}

/** Where a job in the newer form is. */
function jobIn(job: JsonObject) {
  const { project, location, name } = placeIn(job);
  return { project, location, job: name };
}

function changed(begun: Result<JsonObject, Refusal>): Result<JsonObject, Refusal> {
  return begun.ok ? ok(knativeJob(objectOf(begun.value.metadata))) : begun;
}

function absent(kind: string, name: string, project: string): Refusal {
  return refusal("NOT_FOUND", `Resource '${name}' of kind '${kind}' in namespace '${project}' does not exist.`);
}
