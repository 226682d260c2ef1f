import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Document, Documents } from "../../ports/documents.ts";
import type { Addresses } from "./addresses.ts";
import { endedOperation, type Operations, operationId } from "./operations.ts";
import { planChange, type ServiceChange, type ServicePlace } from "./plan-change.ts";
import type { JsonObject } from "./read-json.ts";
import type { ReconcileFailure, Reconciler } from "./reconcile.ts";
import { COLLECTION, type Place, revisionKey, type StoredService, serviceKey } from "./resources.ts";
import { serviceJson } from "./service-json.ts";
import { conflict, taken } from "./service-refusals.ts";
import type { ServiceSpec } from "./service-spec.ts";

/** The type of services in operations. */
export const SERVICE_TYPE = "google.cloud.run.v2.Service";

export interface ServiceChangeDependencies {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly addresses: Addresses;
  readonly operations: Operations;
  readonly reconciler: Reconciler;
  readonly isClosing: () => boolean;
}

type Current = Document<StoredService>;

/** How changes of services are accepted and carried out. */
export interface ServiceChanges {
  find(place: ServicePlace): Promise<Current | undefined>;
  /** The API's JSON of a service, addresses included. */
  json(service: StoredService): Promise<JsonObject>;
  /** Writes what was asked, makes the revision's document, and begins to carry it out; the operation's JSON. */
  accept(
    place: ServicePlace,
    spec: ServiceSpec,
    about: { readonly change: ServiceChange; readonly current: Current | undefined },
  ): Promise<Result<JsonObject, Refusal>>;
  /** Carries out a change that was accepted, unless that is done, and ends its operation. */
  carryOut(accepted: StoredService): Promise<void>;
}

/** Changes over Documents. */
export function createServiceChanges(deps: ServiceChangeDependencies): ServiceChanges {
  const { documents, addresses, operations, reconciler, isClosing } = deps;

  const json = async (stored: StoredService): Promise<JsonObject> => {
    const { project, location, service } = stored;
    const used = [...new Set([...stored.serving, ...stored.traffic].flatMap(({ tag }) => tag ?? []))];
    const uri = await addresses.urlOf({ project, location, service });
    const tags = await Promise.all(
      used.map(async (tag) => [tag, await addresses.urlOf({ project, location, service, tag })] as const),
    );
    return serviceJson(stored, { uri, tags: Object.fromEntries(tags) });
  };

  const find = async (place: ServicePlace) =>
    await documents.get<StoredService>(COLLECTION.services, serviceKey(place));

  const carryOut = async (accepted: StoredService): Promise<void> => {
    const { project, location, operation: id } = accepted;
    const isOpen = accepted.observedGeneration !== accepted.generation;
    const done = isOpen ? await reconciler.reconcile(accepted) : outcomeOf(accepted);
    // What fails because the cloud is closed has not failed: the next start goes on with it.
    if (!done.ok && isClosing()) return;
    const now = (await find(accepted))?.value ?? accepted;
    const error = done.ok ? undefined : refusal("FAILED_PRECONDITION", done.error.message);
    await operations.end({ project, location, id }, await json(now), error);
  };

  const accept: ServiceChanges["accept"] = async (place, spec, { change, current }) => {
    const planned = await planChange(deps, place, spec, { change, current: current?.value });
    if (!planned.ok) return planned;
    const { service, revision, surplus } = planned.value;
    if (change.validateOnly) return ok(endedOperation(place, SERVICE_TYPE, await json(service)));
    const begun = await operations.begin(place, { type: SERVICE_TYPE, resource: await json(service) });
    const stored = { ...service, operation: operationId(begun) };
    // The revision first: a service never names one that is not there.
    if (revision !== undefined) {
      const made = await documents.put(COLLECTION.revisions, revisionKey(revision), revision, 0);
      if (!made.ok) return await abandon(deps, begun, place, taken(revision.revision));
    }
    const written = await documents.put(COLLECTION.services, serviceKey(place), stored, current?.version ?? 0);
    if (!written.ok) {
      if (revision !== undefined) await documents.remove(COLLECTION.revisions, revisionKey(revision));
      return await abandon(deps, begun, place, conflict(place));
    }
    for (const each of surplus) await documents.remove(COLLECTION.revisions, revisionKey(each));
    void carryOut(stored).catch(() => undefined); // of a lost store: the operation stays open, the next start goes on
    return ok(begun);
  };

  return { find, json, accept, carryOut };
}

/** How a change that was carried out before went. */
function outcomeOf({ condition }: StoredService): Result<unknown, ReconcileFailure> {
  const { state, reason = "", message = "" } = condition;
  return state === "CONDITION_FAILED" ? err({ reason, message }) : ok(undefined);
}

async function abandon(
  { operations }: ServiceChangeDependencies,
  begun: JsonObject,
  { project, location }: Place,
  why: Refusal,
): Promise<Result<never, Refusal>> {
  await operations.end({ project, location, id: operationId(begun) }, {}, why);
  return err(why);
}
