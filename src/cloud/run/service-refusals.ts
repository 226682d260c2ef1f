import { type Refusal, refusal } from "../../core/values/google-error.ts";
import type { Place } from "./resources.ts";

/** There is no such service. */
export function notFound(place: Place & { readonly service: string }): Refusal {
  return refusal(
    "NOT_FOUND",
    `Resource '${place.service}' of kind 'SERVICE' in region '${place.location}' in project '${place.project}' does not exist.`,
  );
}

/** The etag is not that of the service as it is. */
export function conflict(place: { readonly service: string }): Refusal {
  return refusal("ABORTED", `Conflict for resource '${place.service}': version given was not the current version.`);
}

/** A revision's name stays in use for as long as its service is there. */
export function taken(revision: string): Refusal {
  return refusal("ALREADY_EXISTS", `Revision named '${revision}' with different configuration already exists.`);
}
