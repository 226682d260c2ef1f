/** What calls of the older form of the API have in common: where they are, lists, and what a deletion answers. Pure. */

import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Asked, Call } from "./calls.ts";
import { readSelector } from "./label-selector.ts";
import { type JsonObject, objectOf, textOf } from "./read-json.ts";
import type { Place } from "./resources.ts";

const EVERYWHERE = "-";

/** The region of a call: in its path, or in the host's name, `us-central1-run.…`; undefined where every one is meant. */
export function regionOf({ location, host }: Asked): string | undefined {
  if (location !== "") return location === EVERYWHERE ? undefined : location;
  return /^([a-z]+-[a-z]+\d+)-/.exec(host)?.[1];
}

/** The place whose resources a call may mean. */
export function scopeV1(call: Call): Place {
  return { project: call.project, location: regionOf(call) ?? EVERYWHERE };
}

/** A list, of the items that the call's selector lets through. */
export function listV1(
  { query }: Call,
  type: { readonly apiVersion: string; readonly kind: string },
  items: readonly JsonObject[],
): Result<JsonObject, Refusal> {
  const fits = readSelector(textOf(query.labelSelector));
  if (!fits.ok) return err(refusal("INVALID_ARGUMENT", fits.error));
  return ok({ ...type, metadata: {}, items: items.filter(fits.value) });
}

/** Why a body is not about the resource of its path; undefined where it is. */
export function namedV1(body: JsonObject, name: string | undefined): Refusal | undefined {
  if (objectOf(body.metadata).name === name) return undefined;
  return refusal("INVALID_ARGUMENT", `metadata.name: must be '${name}', as in the path.`);
}

/** What a deletion answers: Kubernetes' `Status`. */
export function removedV1(removed: Result<unknown, Refusal>): Result<JsonObject, Refusal> {
  return removed.ok ? ok({ apiVersion: "v1", kind: "Status", status: "Success" }) : removed;
}

/** What was found, undefined where it was not. */
export function foundIn(found: Result<JsonObject, Refusal>): JsonObject | undefined {
  return found.ok ? found.value : undefined;
}
