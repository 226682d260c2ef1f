import type { FastifyInstance } from "fastify";
import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { type Call, type Gate, keepsTraffic } from "./calls.ts";
import { knativeRevision, knativeService, placeIn } from "./knative-json.ts";
import { registerPolicies } from "./policy-routes.ts";
import { type JsonObject, objectOf, textOf } from "./read-json.ts";
import { readKnativeService } from "./read-knative.ts";
import { type RegisterRoute, registerScope } from "./routes.ts";
import type { RunCloud } from "./run-cloud.ts";
import { creatingServiceV1, needsV1, replacingServiceV1 } from "./run-v1-as.ts";
import { registerJobsV1 } from "./run-v1-jobs.ts";
import { foundIn, listV1, namedV1, regionOf, removedV1, scopeV1 } from "./v1-answers.ts";

const SERVING = "/apis/serving.knative.dev/v1/namespaces/:project";
const ANY = "/v1/projects/:project/locations/:location/services";
const SERVING_V1 = "serving.knative.dev/v1";

export interface RunV1Options extends Gate {
  readonly run: RunCloud;
}

/**
 * The older form of the API, Knative's, which `gcloud run` speaks, over the same resources as `run-v2.ts`. The region
 * stands in the host's name, as gcloud writes it; without one, resources of every region are meant.
 */
export function registerRunV1(app: FastifyInstance, { run, ...gate }: RunV1Options): void {
  registerScope(app, gate, (route) => {
    registerServices(route, run);
    registerRevisions(route, run);
    registerJobsV1(route, run);
    registerPolicies(route, `${ANY}/:service`, { run, authority: gate.authority });
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"] as const) {
      for (const group of ["serving.knative.dev", "run.googleapis.com"]) {
        route(method, `/apis/${group}/v1/namespaces/:project/*`, needsV1("run.services.list"), ({ params }) => {
          const message = `${method} ${params["*"]} of the v1 API is not there in the embedded Cloud Run.`;
          return err(refusal("UNIMPLEMENTED", message));
        });
      }
    }
  });
}

function registerServices(route: RegisterRoute, run: RunCloud): void {
  const { services } = run;
  const list = async (call: Call) => {
    const found = await services.list(scopeV1(call));
    return listV1(call, { apiVersion: SERVING_V1, kind: "ServiceList" }, found.map(knativeService));
  };
  route("GET", `${SERVING}/services`, needsV1("run.services.list"), list);
  route("GET", ANY, needsV1("run.services.list"), list);
  route("GET", `${SERVING}/services/:service`, needsV1("run.services.get"), async (call) => {
    const found = await findService(run, call);
    return found.ok ? ok(knativeService(found.value)) : found;
  });
  route("POST", `${SERVING}/services`, creatingServiceV1, async (call) => {
    const { project, body, caller } = call;
    const location = regionOf(call);
    if (location === undefined) return err(refusal("INVALID_ARGUMENT", "The region is missing in the host's name."));
    const read = readKnativeService(body, undefined, project);
    if (!read.ok) return err(refusal("INVALID_ARGUMENT", read.error));
    const place = { project, location, service: textOf(objectOf(body.metadata).name) };
    return changed(await services.create(place, { body: read.value, validateOnly: isDry(call), caller }));
  });
  route("PUT", `${SERVING}/services/:service`, replacingServiceV1, async (call) => {
    const { project, body, caller, params } = call;
    const found = await findService(run, call);
    if (!found.ok) return found;
    const misnamed = namedV1(body, params.service);
    if (misnamed !== undefined) return err(misnamed);
    const read = readKnativeService(body, found.value, project);
    if (!read.ok) return err(refusal("INVALID_ARGUMENT", read.error));
    const asked = { body: read.value, validateOnly: isDry(call), caller, keepsTraffic: keepsTraffic(call) };
    const change = { ...asked, mask: "", allowMissing: false };
    return changed(await services.patch(serviceIn(found.value), change));
  });
  route("DELETE", `${SERVING}/services/:service`, needsV1("run.services.delete"), async (call) => {
    const found = await findService(run, call);
    return found.ok ? removedV1(await services.remove(serviceIn(found.value), "")) : found;
  });
}

function registerRevisions(route: RegisterRoute, run: RunCloud): void {
  const { services } = run;
  route("GET", `${SERVING}/revisions`, needsV1("run.revisions.list"), async (call) => {
    const all = await services.list(scopeV1(call));
    const revisions = await Promise.all(all.map((service) => revisionsOf(run, service)));
    const items = revisions.flat().toSorted(byAge);
    return listV1(call, { apiVersion: SERVING_V1, kind: "RevisionList" }, items);
  });
  route("GET", `${SERVING}/revisions/:revision`, needsV1("run.revisions.get"), async (call) => {
    const found = await findRevision(run, call);
    return found.ok ? ok(found.value.revision) : found;
  });
  route("DELETE", `${SERVING}/revisions/:revision`, needsV1("run.revisions.delete"), async (call) => {
    const found = await findRevision(run, call);
    if (!found.ok) return found;
    const place = { ...serviceIn(found.value.service), revision: textOf(call.params.revision) };
    return removedV1(await services.removeRevision(place));
  });
}

/** The service of a call, in its region or, without one, in any. */
async function findService({ services }: RunCloud, call: Call): Promise<Result<JsonObject, Refusal>> {
  const { project, params } = call;
  const service = textOf(params.service);
  const location = regionOf(call);
  const found =
    location === undefined
      ? (await services.list(scopeV1(call))).find((each) => placeIn(each).name === service)
      : foundIn(await services.get({ project, location, service }));
  return found === undefined ? err(absent("SERVICE", service, project)) : ok(found);
}

/** A revision by its name alone, which begins with that of its service. */
async function findRevision(
  run: RunCloud,
  call: Call,
): Promise<Result<{ readonly revision: JsonObject; readonly service: JsonObject }, Refusal>> {
  const revision = textOf(call.params.revision);
  for (const service of await run.services.list(scopeV1(call))) {
    if (!revision.startsWith(`${placeIn(service).name}-`)) continue;
    const found = await run.services.getRevision({ ...serviceIn(service), revision });
    if (found.ok) return ok({ revision: knativeRevision(found.value, service), service });
  }
  return err(absent("REVISION", revision, call.project));
}

async function revisionsOf({ services }: RunCloud, service: JsonObject): Promise<readonly JsonObject[]> {
  const found = await services.listRevisions(serviceIn(service));
  return found.map((revision) => knativeRevision(revision, service));
}

/** Where a service in the newer form is. */
function serviceIn(service: JsonObject) {
  const { project, location, name } = placeIn(service);
  return { project, location, service: name };
}

/** The older form has no operations: what has begun is the service as it is asked. */
function changed(begun: Result<JsonObject, Refusal>): Result<JsonObject, Refusal> {
  return begun.ok ? ok(knativeService(objectOf(begun.value.metadata))) : begun;
}

function isDry({ query }: Call): boolean {
  return query.dryRun === "all";
}

function byAge(a: JsonObject, b: JsonObject): number {
  const [one, other] = [a, b].map(({ metadata }) => textOf(objectOf(metadata).creationTimestamp));
  return (one ?? "") < (other ?? "") ? 1 : -1;
}

function absent(kind: string, name: string, project: string): Refusal {
  return refusal("NOT_FOUND", `Resource '${name}' of kind '${kind}' in namespace '${project}' does not exist.`);
}
