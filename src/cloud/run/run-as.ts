/** Which account a service or a job would run as after a call: whoever makes the call needs the right to act as it. */
import type { Need } from "../../core/identity/decide-access.ts";
import type { NonEmpty } from "../../core/values/problem.ts";
import { right, rightOnNew } from "../../ports/authority.ts";
import type { Asked } from "./calls.ts";
import { type JsonObject, objectOf, textOf } from "./read-json.ts";
import type { RunCloud } from "./run-cloud.ts";
import { readMask } from "./service-spec.ts";

/** Where a resource's template says its account. */
type Template = (resource: JsonObject) => JsonObject;

const ofService: Template = (service) => objectOf(service.template);
const ofJob: Template = (job) => objectOf(objectOf(job.template).template);

/** Needs of `POST …/services`. */
export function creatingService(asked: Asked): NonEmpty<Need> {
  return [onNew(asked, "services", asked.query.serviceId), actAs(asked, ofService(asked.body))];
}

/** Needs of `POST …/jobs`. */
export function creatingJob(asked: Asked): NonEmpty<Need> {
  return [onNew(asked, "jobs", asked.query.jobId), actAs(asked, ofJob(asked.body))];
}

/** Needs of `PATCH …/services/S`: a change of traffic too brings code to life, so it needs the account. */
export function patchingService({ services }: RunCloud) {
  return async (asked: Asked): Promise<NonEmpty<Need>> => {
    const { project, location, params } = asked;
    const current = await services.get({ project, location, service: params.service ?? "" });
    const before = ofService(current.ok ? current.value : {});
    return [
      right("run.services.update", asked.resource),
      ...creatingToo(asked, "run.services.create"),
      actAs(asked, isReplaced(asked, ["template", "template.serviceAccount"]) ? ofService(asked.body) : before),
    ];
  };
}

/** Needs of `PATCH …/jobs/J`. */
export function patchingJob({ jobs }: RunCloud) {
  return async (asked: Asked): Promise<NonEmpty<Need>> => {
    const { project, location, params } = asked;
    const current = await jobs.get({ project, location, job: params.job ?? "" });
    const before = ofJob(current.ok ? current.value : {});
    const masks = ["template", "template.template", "template.template.serviceAccount"];
    return [
      right("run.jobs.update", asked.resource),
      ...creatingToo(asked, "run.jobs.create"),
      actAs(asked, isReplaced(asked, masks) ? ofJob(asked.body) : before),
    ];
  };
}

/** Needs of `POST …/jobs/J:run`. */
export function runningJob({ resource, body }: Asked): NonEmpty<Need> {
  const hasOverrides = Object.keys(objectOf(body.overrides)).length > 0;
  return [right(hasOverrides ? "run.jobs.runWithOverrides" : "run.jobs.run", resource)];
}

function onNew({ resource }: Asked, kind: "services" | "jobs", id: unknown): Need {
  const name = `${resource}/${kind}/${textOf(id).replaceAll("/", "%2F")}`;
  return { ...rightOnNew(`run.${kind}.create`, name, resource), refusedOn: resource };
}

function actAs({ project }: Asked, template: JsonObject): Need {
  return { kind: "act-as", account: textOf(template.serviceAccount), by: "service", project };
}

/** A patch that may make what is not there is a creation as well. */
function creatingToo({ query, resource }: Asked, permission: "run.services.create" | "run.jobs.create"): Need[] {
  return query.allowMissing === "true" ? [right(permission, resource)] : [];
}

/** Whether the account that counts is the body's: without a mask, or with one that names it. */
function isReplaced({ query }: Asked, masks: readonly string[]): boolean {
  const mask = readMask(textOf(query.updateMask));
  return mask.length === 0 || mask.some((path) => path === "*" || masks.includes(path));
}
