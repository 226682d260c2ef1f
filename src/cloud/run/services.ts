import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { Addresses } from "./addresses.ts";
import { type Refusal, refusal } from "./google-error.ts";
import type { Instances } from "./instances.ts";
import { endedOperation, type Operations, operationId } from "./operations.ts";
import { planChange, revisionsOf, type ServiceChange, type ServicePlace } from "./plan-change.ts";
import type { ReconcileFailure, Reconciler } from "./reconcile.ts";
import {
  COLLECTION,
  type JsonObject,
  MAX_RESOURCES,
  type Place,
  revisionKey,
  type StoredRevision,
  type StoredService,
  serviceKey,
} from "./resources.ts";
import { etagOf, revisionJson, serviceJson, serviceName } from "./service-json.ts";
import { conflict, notFound, taken } from "./service-refusals.ts";
import { patchedSpec, readMask, readSpec, type ServiceSpec } from "./service-spec.ts";
import type { TrafficTable } from "./traffic-table.ts";

const TYPE = "google.cloud.run.v2.Service";
const SERVICE_ID = /^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/;

export interface ServiceDependencies {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly addresses: Addresses;
  readonly operations: Operations;
  readonly instances: Instances;
  readonly table: TrafficTable;
  readonly reconciler: Reconciler;
  readonly isClosing: () => boolean;
}

type Answer = Promise<Result<JsonObject, Refusal>>;

/** Services and their revisions, as the API has them. A change is accepted or refused at once and then carried out. */
export interface ServiceResources {
  create(place: ServicePlace, change: ServiceChange): Answer;
  patch(place: ServicePlace, change: ServiceChange & { readonly mask: string; readonly allowMissing: boolean }): Answer;
  remove(place: ServicePlace, etag: string): Answer;
  get(place: ServicePlace): Answer;
  list(place: Place): Promise<readonly JsonObject[]>;
  getRevision(place: ServicePlace & { readonly revision: string }): Answer;
  listRevisions(place: ServicePlace): Promise<readonly JsonObject[]>;
  /** Carries out a change that was accepted, unless that is done, and ends its operation. */
  carryOut(accepted: StoredService): Promise<void>;
}

/** Services in Documents. */
export function createServiceResources(deps: ServiceDependencies): ServiceResources {
  const { documents, addresses, operations, reconciler, isClosing } = deps;

  const json = async (stored: StoredService): Promise<JsonObject> => {
    const { project, location, service } = stored;
    const used = [...new Set([...stored.serving, ...stored.traffic].flatMap(({ tag }) => tag ?? []))];
    const uri = await addresses.addressOf({ project, location, service });
    const tags = await Promise.all(
      used.map(async (tag) => [tag, await addresses.addressOf({ project, location, service, tag })] as const),
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

  /** Writes what was asked, makes the revision's document, and begins to carry it out. */
  const accept = async (
    place: ServicePlace,
    spec: ServiceSpec,
    { change, current }: { readonly change: ServiceChange; readonly current: Current | undefined },
  ): Answer => {
    const planned = await planChange(deps, place, spec, { change, current: current?.value });
    if (!planned.ok) return planned;
    const { service, revision } = planned.value;
    if (change.validateOnly) return ok(endedOperation(place, TYPE, await json(service)));
    const begun = await operations.begin(place, { type: TYPE, resource: await json(service) });
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
    void carryOut(stored).catch(() => undefined); // of a lost store: the operation stays open, the next start goes on
    return ok(begun);
  };

  const create: ServiceResources["create"] = async (place, change) => {
    if (!SERVICE_ID.test(place.service)) {
      return err(refusal("INVALID_ARGUMENT", `service_id: '${place.service}' must match ${SERVICE_ID.source}.`));
    }
    const spec = readSpec(change.body);
    if (!spec.ok) return err(refusal("INVALID_ARGUMENT", spec.error));
    if ((await find(place)) !== undefined) {
      return err(refusal("ALREADY_EXISTS", `Resource '${place.service}' already exists.`));
    }
    return accept(place, spec.value, { change, current: undefined });
  };

  return {
    create,
    carryOut,
    async patch(place, change) {
      const current = await find(place);
      if (current === undefined) return change.allowMissing ? create(place, change) : err(notFound(place));
      const etag = change.body.etag;
      if (typeof etag === "string" && etag !== "" && etag !== etagOf(current.value)) return err(conflict(place));
      const spec = patchedSpec(current.value, change.body, readMask(change.mask));
      if (!spec.ok) return err(refusal("INVALID_ARGUMENT", spec.error));
      return accept(place, spec.value, { change, current });
    },
    async remove(place, etag) {
      const current = await find(place);
      if (current === undefined) return err(notFound(place));
      if (etag !== "" && etag !== etagOf(current.value)) return err(conflict(place));
      const resource = await json(current.value);
      await removeAll(deps, place);
      const begun = await operations.begin(place, { type: TYPE, resource });
      await operations.end({ ...place, id: operationId(begun) }, resource);
      return operations.get({ ...place, id: operationId(begun) });
    },
    async get(place) {
      const found = await find(place);
      return found === undefined ? err(notFound(place)) : ok(await json(found.value));
    },
    async list({ project, location }) {
      const query = { collection: COLLECTION.services, prefix: `${project}/${location}/`, limit: MAX_RESOURCES };
      return Promise.all((await documents.list<StoredService>(query)).map(({ value }) => json(value)));
    },
    async getRevision(place) {
      const found = await documents.get<StoredRevision>(COLLECTION.revisions, revisionKey(place));
      const name = `${serviceName(place)}/revisions/${place.revision}`;
      return found === undefined
        ? err(refusal("NOT_FOUND", `Resource '${name}' was not found.`))
        : ok(revisionJson(found.value));
    },
    listRevisions: async (place) => (await revisionsOf(documents, place)).map(revisionJson),
  };
}

type Current = { readonly value: StoredService; readonly version: number };

/** How a change that was carried out before went. */
function outcomeOf({ condition }: StoredService): Result<unknown, ReconcileFailure> {
  const { state, reason = "", message = "" } = condition;
  return state === "CONDITION_FAILED" ? err({ reason, message }) : ok(undefined);
}

async function abandon(
  { operations }: ServiceDependencies,
  begun: JsonObject,
  { project, location }: Place,
  why: Refusal,
): Promise<Result<never, Refusal>> {
  await operations.end({ project, location, id: operationId(begun) }, {}, why);
  return err(why);
}

async function removeAll({ documents, table, instances }: ServiceDependencies, place: ServicePlace): Promise<void> {
  const revisions = await revisionsOf(documents, place);
  await documents.remove(COLLECTION.services, serviceKey(place));
  table.remove(place);
  for (const revision of revisions) {
    void instances.release(revisionKey(revision));
    await documents.remove(COLLECTION.revisions, revisionKey(revision));
  }
}
