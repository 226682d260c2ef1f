import type { FastifyInstance, FastifyRequest } from "fastify";
import { err, ok } from "../../core/values/result.ts";
import type { Caller } from "../../ports/identities.ts";
import type { Call } from "./calls.ts";
import { executionJson } from "./execution-json.ts";
import { refusal } from "./google-error.ts";
import { registerPolicies } from "./policy-routes.ts";
import { type JsonObject, numberOf, textOf } from "./read-json.ts";
import { type RegisterRoute, registerScope, verbPath } from "./routes.ts";
import type { RunCloud } from "./run-cloud.ts";

/** Waits of this length where a client names none. */
const USUAL_WAIT_S = 30;

export interface RunV2Options {
  readonly run: RunCloud;
  /** Who makes the request; undefined for nobody we know. */
  readonly callerOf: (request: FastifyRequest) => Promise<Caller | undefined> | Caller | undefined;
}

const PLACE = "/v2/projects/:project/locations/:location";
const SERVICE = `${PLACE}/services/:service`;
const JOB = `${PLACE}/jobs/:job`;
const EXECUTION = `${JOB}/executions/:execution`;
const OPERATION = `${PLACE}/operations/:operation`;

/** The routes of Cloud Run v2. An identity reaches the resources of its own project only; a person reaches all. */
export function registerRunV2(app: FastifyInstance, { run, callerOf }: RunV2Options): void {
  registerScope(app, callerOf, (route) => {
    registerServices(route, run);
    registerJobs(route, run);
    registerOperations(route, run);
    registerPolicies(route, SERVICE, run);
    registerUnwritten(route);
  });
}

function registerServices(route: RegisterRoute, { services }: RunCloud): void {
  route("POST", `${PLACE}/services`, (call) => services.create(serviceOf(call, call.query.serviceId), changeOf(call)));
  route("GET", `${PLACE}/services`, async (call) => ok(listed("services", await services.list(call))));
  route("GET", `${SERVICE}(^[^:/]+)`, (call) => services.get(serviceOf(call)));
  route("PATCH", `${SERVICE}(^[^:/]+)`, (call) =>
    services.patch(serviceOf(call), { ...changeOf(call), ...patchOf(call) }),
  );
  route("DELETE", `${SERVICE}(^[^:/]+)`, (call) => services.remove(serviceOf(call), textOf(call.query.etag)));
  route("GET", `${SERVICE}/revisions`, async (call) =>
    ok(listed("revisions", await services.listRevisions(serviceOf(call)))),
  );
  route("GET", `${SERVICE}/revisions/:revision`, (call) =>
    services.getRevision({ ...serviceOf(call), revision: call.params.revision ?? "" }),
  );
  route("DELETE", `${SERVICE}/revisions/:revision`, (call) =>
    services.removeRevision({ ...serviceOf(call), revision: call.params.revision ?? "" }),
  );
}

function registerJobs(route: RegisterRoute, { jobs }: RunCloud): void {
  const jobOf = ({ project, location, params }: Call, job: unknown = params.job) => ({
    project,
    location,
    job: textOf(job),
  });
  route("POST", `${PLACE}/jobs`, (call) => jobs.create(jobOf(call, call.query.jobId), changeOf(call)));
  route("GET", `${PLACE}/jobs`, async (call) => ok(listed("jobs", await jobs.list(call))));
  route("GET", `${JOB}(^[^:/]+)`, (call) => jobs.get(jobOf(call)));
  route("PATCH", `${JOB}(^[^:/]+)`, (call) => jobs.patch(jobOf(call), { ...changeOf(call), ...patchOf(call) }));
  route("DELETE", `${JOB}(^[^:/]+)`, (call) => jobs.remove(jobOf(call), textOf(call.query.etag)));
  route("POST", verbPath(JOB, "run"), (call) => jobs.run(jobOf(call), changeOf(call)));
  const executionOf = (call: Call) => ({ ...jobOf(call), execution: call.params.execution ?? "" });
  route("GET", `${JOB}/executions`, async (call) =>
    ok(listed("executions", (await jobs.executions.list(jobOf(call))).map(executionJson))),
  );
  route("GET", `${EXECUTION}(^[^:/]+)`, (call) => jobs.executions.get(executionOf(call)));
  route("POST", verbPath(EXECUTION, "cancel"), (call) => jobs.executions.cancel(executionOf(call)));
}

function registerOperations(route: RegisterRoute, { operations }: RunCloud): void {
  const operationOf = ({ project, location, params }: Call) => ({ project, location, id: params.operation ?? "" });
  route("GET", `${PLACE}/operations`, async (call) => ok(listed("operations", await operations.list(call))));
  route("GET", `${OPERATION}(^[^:/]+)`, (call) => operations.get(operationOf(call)));
  route("DELETE", `${OPERATION}(^[^:/]+)`, (call) => operations.remove(operationOf(call)));
  route("POST", verbPath(OPERATION, "wait"), (call) => {
    const seconds = numberOf(textOf(call.body.timeout).replace(/s$/, "")) ?? USUAL_WAIT_S;
    return operations.wait(operationOf(call), seconds * 1_000);
  });
}

/** Operations of the real service that this one does not have. They say so: silence would look like success. */
function registerUnwritten(route: RegisterRoute): void {
  const unwritten = [
    ["DELETE", `${EXECUTION}(^[^:/]+)`, "Executions.DeleteExecution"],
    ["GET", `${EXECUTION}/tasks`, "Tasks.ListTasks"],
    ["GET", `${EXECUTION}/tasks/:task`, "Tasks.GetTask"],
  ] as const;
  for (const [method, url, operation] of unwritten) {
    const message = `google.cloud.run.v2.${operation} is not there in the embedded cloud.`;
    route(method, url, () => err(refusal("UNIMPLEMENTED", message)));
  }
  for (const method of ["GET", "POST", "PATCH", "DELETE"] as const) {
    route(method, `${PLACE}/*`, ({ params }) => {
      return err(refusal("UNIMPLEMENTED", `${method} ${params["*"]} is no method of the embedded Cloud Run.`));
    });
  }
}

function serviceOf({ project, location, params }: Call, service: unknown = params.service) {
  return { project, location, service: textOf(service) };
}

function changeOf({ body, query, caller }: Call) {
  return { body, validateOnly: query.validateOnly === "true", caller };
}

function patchOf({ query }: Call) {
  return { mask: textOf(query.updateMask), allowMissing: query.allowMissing === "true" };
}

function listed(name: string, items: readonly JsonObject[]): JsonObject {
  return items.length === 0 ? {} : { [name]: items };
}
