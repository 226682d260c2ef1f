import type { IdentityName } from "../../src/core/identity/grants.ts";

/** A call of the embedded cloud, about a project, and which of the project's own identities may make it. */
export interface CloudCall {
  readonly what: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: (project: string) => string;
  readonly body?: unknown;
  readonly allowed: readonly IdentityName[];
}

const run = (project: string) => `/v2/projects/${project}/locations/us-central1`;
const build = (project: string) => `/v1/projects/${project}/locations/us-central1`;
const secret = (project: string, name: string) => `/v1/projects/${project}/secrets/${name}`;
const bucketOf = (project: string) => `${project}_cloudbuild`;

function call(
  method: CloudCall["method"],
  what: string,
  path: (project: string) => string,
  ...[allowed, body]: readonly [readonly IdentityName[], unknown?]
): CloudCall {
  return { method, what, path, allowed, ...(body === undefined ? {} : { body }) };
}

const DEPLOY = ["deploy"] as const;
const VIEWERS = ["deploy", "migrate"] as const;

/** Every API of the embedded cloud, each method that it has. Nothing that is named is there, but the bucket. */
export const CLOUD_CALLS: readonly CloudCall[] = [
  call("POST", "create a service", (p) => `${run(p)}/services?serviceId=x`, DEPLOY, { template: {} }),
  call("GET", "list services", (p) => `${run(p)}/services`, DEPLOY),
  call("GET", "get a service", (p) => `${run(p)}/services/x`, DEPLOY),
  call("PATCH", "change a service", (p) => `${run(p)}/services/x`, DEPLOY, { template: {} }),
  call("DELETE", "delete a service", (p) => `${run(p)}/services/x`, DEPLOY),
  call("GET", "list revisions", (p) => `${run(p)}/services/x/revisions`, DEPLOY),
  call("GET", "get a revision", (p) => `${run(p)}/services/x/revisions/r`, DEPLOY),
  call("POST", "set a service's policy", (p) => `${run(p)}/services/x:setIamPolicy`, [], {}),
  call("POST", "create a job", (p) => `${run(p)}/jobs?jobId=x`, DEPLOY, { template: {} }),
  call("PATCH", "change a job", (p) => `${run(p)}/jobs/x`, DEPLOY, { template: {} }),
  call("DELETE", "delete a job", (p) => `${run(p)}/jobs/x`, DEPLOY),
  call("POST", "run a job with other arguments", (p) => `${run(p)}/jobs/x:run`, DEPLOY, {
    overrides: { taskCount: 2 },
  }),
  call("POST", "run a job", (p) => `${run(p)}/jobs/x:run`, DEPLOY, {}),
  call("GET", "list executions", (p) => `${run(p)}/jobs/x/executions`, DEPLOY),
  call("POST", "cancel an execution", (p) => `${run(p)}/jobs/x/executions/e:cancel`, DEPLOY, {}),
  call("GET", "list operations", (p) => `${run(p)}/operations`, DEPLOY),
  call("GET", "what is not there", (p) => `${run(p)}/workerPools`, DEPLOY),
  call("GET", "list services as gcloud does", (p) => `/apis/serving.knative.dev/v1/namespaces/${p}/services`, DEPLOY),
  call(
    "POST",
    "change services as gcloud does",
    (p) => `/apis/serving.knative.dev/v1/namespaces/${p}/services`,
    DEPLOY,
    {},
  ),
  call("POST", "create a build", (p) => `${build(p)}/builds`, DEPLOY, {}),
  call("POST", "create a build, globally", (p) => `/v1/projects/${p}/builds`, DEPLOY, {}),
  call("GET", "list builds", (p) => `${build(p)}/builds`, DEPLOY),
  call("GET", "get a build", (p) => `${build(p)}/builds/x`, DEPLOY),
  call("POST", "cancel a build", (p) => `${build(p)}/builds/x:cancel`, DEPLOY, {}),
  call("POST", "repeat a build", (p) => `${build(p)}/builds/x:retry`, DEPLOY, {}),
  call("POST", "approve a build", (p) => `${build(p)}/builds/x:approve`, [], {}),
  call("GET", "get an operation", (p) => `/v1/operations/build/${p}/x`, DEPLOY),
  call("POST", "create a trigger", (p) => `${build(p)}/triggers`, DEPLOY, { name: "" }),
  call("GET", "list triggers", (p) => `${build(p)}/triggers`, DEPLOY),
  call("PATCH", "change a trigger", (p) => `${build(p)}/triggers/x`, DEPLOY, {}),
  call("GET", "look at a trigger's deliveries", (p) => `${build(p)}/triggers/x/deliveries`, DEPLOY),
  call("POST", "run a trigger", (p) => `${build(p)}/triggers/x:run`, DEPLOY, {}),
  call("DELETE", "delete a trigger", (p) => `${build(p)}/triggers/x`, DEPLOY),
  call("POST", "create a secret", (p) => `/v1/projects/${p}/secrets?secretId=x`, [], {}),
  call("POST", "keep a database's address", (p) => `${secret(p, "database-url-mobius")}:addVersion`, ["migrate"], {
    payload: { data: "AAAA" },
  }),
  call("GET", "list secrets", (p) => `/v1/projects/${p}/secrets`, VIEWERS),
  call("GET", "list versions", (p) => `${secret(p, "jwt-secret")}/versions`, VIEWERS),
  call("POST", "add a version", (p) => `${secret(p, "jwt-secret")}:addVersion`, [], { payload: { data: "AAAA" } }),
  call("GET", "read a service's secret", (p) => `${secret(p, "jwt-secret")}/versions/latest:access`, ["runtime"]),
  call("GET", "read a database's password", (p) => `${secret(p, "db-password-mobius")}/versions/latest:access`, [
    "migrate",
    "runtime",
  ]),
  call("GET", "read another secret", (p) => `${secret(p, "git-token")}/versions/latest:access`, []),
  call("POST", "destroy a version", (p) => `${secret(p, "jwt-secret")}/versions/1:destroy`, [], {}),
  call("DELETE", "delete a secret", (p) => secret(p, "jwt-secret"), []),
  call("GET", "get the bucket of sources", (p) => `/storage/v1/b/${bucketOf(p)}`, DEPLOY),
  call("GET", "list buckets", (p) => `/storage/v1/b?project=${p}`, DEPLOY),
  call("POST", "create a bucket", (p) => `/storage/v1/b?project=${p}`, [], { name: "another" }),
  call("GET", "get a source", (p) => `/storage/v1/b/${bucketOf(p)}/o/x`, ["build", "deploy"]),
  call("POST", "upload a source", (p) => `/upload/storage/v1/b/${bucketOf(p)}/o?uploadType=media&name=x`, DEPLOY, {}),
  call("GET", "read how services answer", (p) => `/v3/projects/${p}/timeSeries`, DEPLOY),
  call("POST", "write time series", (p) => `/v3/projects/${p}/timeSeries`, DEPLOY, {}),
  call("GET", "ask for an API", (p) => `/v1/projects/${p}/services/run.googleapis.com`, DEPLOY),
];

/** What is asked with the project in the body. */
export const READ_LOGS = {
  what: "read logs",
  body: (project: string) => ({ resourceNames: [`projects/${project}`] }),
  allowed: DEPLOY,
} as const;
