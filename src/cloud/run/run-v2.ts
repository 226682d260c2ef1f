import type { FastifyInstance } from "fastify";
import { refusal } from "../../core/values/google-error.ts";
import { err, ok } from "../../core/values/result.ts";
import { type Call, type Gate, keepsTraffic } from "./calls.ts";
import { executionJson } from "./execution-json.ts";
import { registerPolicies } from "./policy-routes.ts";
import { type JsonObject, numberOf, textOf } from "./read-json.ts";
import { type RegisterRoute, registerScope, verbPath } from "./routes.ts";
import { creatingJob, creatingService, patchingJob, patchingService, runningJob } from "./run-as.ts";
import type { RunCloud } from "./run-cloud.ts";

/** Waits of this length where a client names none. */
const USUAL_WAIT_S = 30;

export interface RunV2Options extends Gate {
  readonly run: RunCloud;
}

const PLACE = "/v2/projects/:project/locations/:location";
const SERVICE = `${PLACE}/services/:service`;
const JOB = `${PLACE}/jobs/:job`;
const EXECUTION = `${JOB}/executions/:execution`;
const OPERATION = `${PLACE}/operations/:operation`;

/** The routes of Cloud Run v2, each with the right that it needs. */
export function registerRunV2(app: FastifyInstance, { run, ...gate }: RunV2Options): void {
  registerScope(app, gate, (route) => {
    registerServices(route, run);
    registerJobs(route, run);
    registerOperations(route, run);
    registerPolicies(route, SERVICE, { run, authority: gate.authority });
    registerUnwritten(route);
  });
}

function registerServices(route: RegisterRoute, run: RunCloud): void {
  const { services } = run;
  route("POST", `${PLACE}/services`, creatingService, (call) =>
    services.create(serviceOf(call, call.query.serviceId), changeOf(call)),
  );
  route("GET", `${PLACE}/services`, "run.services.list", async (call) =>
    ok(listed("services", await services.list(call))),
  );
  route("GET", `${SERVICE}(^[^:/]+)`, "run.services.get", (call) => services.get(serviceOf(call)));
  route("PATCH", `${SERVICE}(^[^:/]+)`, patchingService(run), (call) =>
    services.patch(serviceOf(call), { ...changeOf(call), ...patchOf(call) }),
  );
  route("DELETE", `${SERVICE}(^[^:/]+)`, "run.services.delete", (call) =>
    services.remove(serviceOf(call), textOf(call.query.etag)),
  );
  route("GET", `${SERVICE}/revisions`, "run.revisions.list", async (call) =>
    ok(listed("revisions", await services.listRevisions(serviceOf(call)))),
  );
  route("GET", `${SERVICE}/revisions/:revision`, "run.revisions.get", (call) =>
    services.getRevision({ ...serviceOf(call), revision: call.params.revision ?? "" }),
  );
  route("DELETE", `${SERVICE}/revisions/:revision`, "run.revisions.delete", (call) =>
    services.removeRevision({ ...serviceOf(call), revision: call.params.revision ?? "" }),
  );
}

function registerJobs(route: RegisterRoute, run: RunCloud): void {
  const { jobs } = run;
  const jobOf = ({ project, location, params }: Call, job: unknown = params.job) => ({
    project,
    location,
    job: textOf(job),
  });
  route("POST", `${PLACE}/jobs`, creatingJob, (call) => jobs.create(jobOf(call, call.query.jobId), changeOf(call)));
  route("GET", `${PLACE}/jobs`, "run.jobs.list", async (call) => ok(listed("jobs", await jobs.list(call))));
  route("GET", `${JOB}(^[^:/]+)`, "run.jobs.get", (call) => jobs.get(jobOf(call)));
  route("PATCH", `${JOB}(^[^:/]+)`, patchingJob(run), (call) =>
    jobs.patch(jobOf(call), { ...changeOf(call), ...patchOf(call) }),
  );
  route("DELETE", `${JOB}(^[^:/]+)`, "run.jobs.delete", (call) => jobs.remove(jobOf(call), textOf(call.query.etag)));
  route("POST", verbPath(JOB, "run"), runningJob, (call) => jobs.run(jobOf(call), changeOf(call)));
  const executionOf = (call: Call) => ({ ...jobOf(call), execution: call.params.execution ?? "" });
  route("GET", `${JOB}/executions`, "run.executions.list", async (call) =>
    ok(listed("executions", (await jobs.executions.list(jobOf(call))).map(executionJson))),
  );
  route("GET", `${EXECUTION}(^[^:/]+)`, "run.executions.get", (call) => jobs.executions.get(executionOf(call)));
  route("POST", verbPath(EXECUTION, "cancel"), "run.executions.cancel", (call) =>
    jobs.executions.cancel(executionOf(call)),
  );
}

function registerOperations(route: RegisterRoute, { operations }: RunCloud): void {
  const operationOf = ({ project, location, params }: Call) => ({ project, location, id: params.operation ?? "" });
  route("GET", `${PLACE}/operations`, "run.operations.list", async (call) =>
    ok(listed("operations", await operations.list(call))),
  );
  route("GET", `${OPERATION}(^[^:/]+)`, "run.operations.get", (call) => operations.get(operationOf(call)));
  route("DELETE", `${OPERATION}(^[^:/]+)`, "run.operations.delete", (call) => operations.remove(operationOf(call)));
  route("POST", verbPath(OPERATION, "wait"), "run.operations.get", (call) => {
    const seconds = numberOf(textOf(call.body.timeout).replace(/s$/, "")) ?? USUAL_WAIT_S;
    return operations.wait(operationOf(call), seconds * 1_000);
  });
}

/** Operations of the real service that this one does not have. They say so: silence would look like success. */
function registerUnwritten(route: RegisterRoute): void {
  const unwritten = [
    ["DELETE", `${EXECUTION}(^[^:/]+)`, "run.executions.delete", "Executions.DeleteExecution"],
    ["GET", `${EXECUTION}/tasks`, "run.tasks.list", "Tasks.ListTasks"],
    ["GET", `${EXECUTION}/tasks/:task`, "run.tasks.get", "Tasks.GetTask"],
  ] as const;
  for (const [method, url, permission, operation] of unwritten) {
    const message = `google.cloud.run.v2.${operation} is not there in the embedded cloud.`;
    route(method, url, permission, () => err(refusal("UNIMPLEMENTED", message)));
  }
  for (const method of ["GET", "POST", "PATCH", "DELETE"] as const) {
    route(method, `${PLACE}/*`, "run.services.list", ({ params }) => {
      return err(refusal("UNIMPLEMENTED", `${method} ${params["*"]} is no method of the embedded Cloud Run.`));
    });
  }
}

function serviceOf({ project, location, params }: Call, service: unknown = params.service) {
  return { project, location, service: textOf(service) };
}

function changeOf(call: Call) {
  const { body, query, caller } = call;
  return { body, validateOnly: query.validateOnly === "true", caller, keepsTraffic: keepsTraffic(call) };
}

function patchOf({ query }: Call) {
  return { mask: textOf(query.updateMask), allowMissing: query.allowMissing === "true" };
}

function listed(name: string, items: readonly JsonObject[]): JsonObject {
  return items.length === 0 ? {} : { [name]: items };
}
