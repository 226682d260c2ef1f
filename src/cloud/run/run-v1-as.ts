/** What calls of the older form of the API need: the same rights on the same names as the newer form's. */
import type { Need } from "../../core/identity/decide-access.ts";
import type { Permission } from "../../core/identity/roles.ts";
import type { NonEmpty } from "../../core/values/problem.ts";
import { right, rightOnNew } from "../../ports/authority.ts";
import type { Asked, RouteNeeds } from "./calls.ts";
import { type JsonObject, objectOf, textOf } from "./read-json.ts";
import { regionOf } from "./v1-answers.ts";

/** One right on what the path names; on the place for a collection. */
export function needsV1(permission: Permission): RouteNeeds {
  return (asked) => [right(permission, resourceV1(asked))];
}

/** Needs of `POST …/services`. */
export function creatingServiceV1(asked: Asked): NonEmpty<Need> {
  return [onNew(asked, "services"), actAs(asked, podOf(asked.body))];
}

/** Needs of `PUT …/services/S`: it replaces all, the account too. */
export function replacingServiceV1(asked: Asked): NonEmpty<Need> {
  return [right("run.services.update", resourceV1(asked)), actAs(asked, podOf(asked.body))];
}

/** Needs of `POST …/jobs`. */
export function creatingJobV1(asked: Asked): NonEmpty<Need> {
  return [onNew(asked, "jobs"), actAs(asked, taskOf(asked.body))];
}

/** Needs of `PUT …/jobs/J`. */
export function replacingJobV1(asked: Asked): NonEmpty<Need> {
  return [right("run.jobs.update", resourceV1(asked)), actAs(asked, taskOf(asked.body))];
}

/** Needs of `POST …/jobs/J:run`. */
export function runningJobV1(asked: Asked): NonEmpty<Need> {
  const hasOverrides = Object.keys(objectOf(asked.body.overrides)).length > 0;
  return [right(hasOverrides ? "run.jobs.runWithOverrides" : "run.jobs.run", resourceV1(asked))];
}

function onNew(asked: Asked, kind: "services" | "jobs"): Need {
  const [place, name] = [resourceV1(asked), textOf(objectOf(asked.body.metadata).name)];
  const resource = `${place}/${kind}/${name.replaceAll("/", "%2F")}`;
  return { ...rightOnNew(`run.${kind}.create`, resource, place), refusedOn: place };
}

/** A namespace is a project. Revisions and executions are named without what they belong to: the place is asked about. */
function resourceV1(asked: Asked): string {
  const { project, params } = asked;
  const place = `projects/${project.replaceAll("/", "%2F")}/locations/${regionOf(asked) ?? "-"}`;
  const named = (["service", "job"] as const).find((kind) => params[kind] !== undefined);
  return named === undefined ? place : `${place}/${named}s/${(params[named] ?? "").replaceAll("/", "%2F")}`;
}

function podOf(body: JsonObject): JsonObject {
  return objectOf(objectOf(objectOf(body.spec).template).spec);
}

function taskOf(body: JsonObject): JsonObject {
  return objectOf(objectOf(podOf(body).template).spec);
}

function actAs({ project }: Asked, pod: JsonObject): Need {
  return { kind: "act-as", account: textOf(pod.serviceAccountName), by: "service", project };
}
