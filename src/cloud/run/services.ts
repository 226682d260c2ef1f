import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Instances } from "./instances.ts";
import { operationId } from "./operations.ts";
import { revisionsOf, type ServiceChange, type ServicePlace } from "./plan-change.ts";
import type { JsonObject } from "./read-json.ts";
import {
  COLLECTION,
  MAX_RESOURCES,
  type Place,
  revisionKey,
  type StoredRevision,
  type StoredService,
  serviceKey,
} from "./resources.ts";
import { createServiceChanges, SERVICE_TYPE, type ServiceChangeDependencies } from "./service-changes.ts";
import { etagOf, revisionJson, serviceName } from "./service-json.ts";
import { conflict, notFound } from "./service-refusals.ts";
import { patchedSpec, readMask, readSpec } from "./service-spec.ts";
import type { TrafficTable } from "./traffic-table.ts";

const SERVICE_ID = /^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/;

/** The type of revisions in operations. */
const REVISION_TYPE = "google.cloud.run.v2.Revision";

/** What services need. */
export type ServiceDependencies = ServiceChangeDependencies & {
  readonly instances: Instances;
  readonly table: TrafficTable;
};

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
  /** Refused where it serves, has a tag, or is the latest: a service never names one that is not there. */
  removeRevision(place: ServicePlace & { readonly revision: string }): Answer;
  /** Carries out a change that was accepted, unless that is done, and ends its operation. */
  carryOut(accepted: StoredService): Promise<void>;
}

/** Services in Documents. */
export function createServiceResources(deps: ServiceDependencies): ServiceResources {
  const { documents, operations } = deps;

  const { find, json, accept, carryOut } = createServiceChanges(deps);

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
      const begun = await operations.begin(place, { type: SERVICE_TYPE, resource });
      await operations.end({ ...place, id: operationId(begun) }, resource);
      return operations.get({ ...place, id: operationId(begun) });
    },
    async get(place) {
      const found = await find(place);
      return found === undefined ? err(notFound(place)) : ok(await json(found.value));
    },
    async list({ project, location }) {
      const prefix = location === "-" ? `${project}/` : `${project}/${location}/`;
      const query = { collection: COLLECTION.services, prefix, limit: MAX_RESOURCES };
      return Promise.all((await documents.list<StoredService>(query)).map(({ value }) => json(value)));
    },
    async getRevision(place) {
      const found = await documents.get<StoredRevision>(COLLECTION.revisions, revisionKey(place));
      return found === undefined ? err(revisionNotFound(place)) : ok(revisionJson(found.value));
    },
    async removeRevision(place) {
      const found = await documents.get<StoredRevision>(COLLECTION.revisions, revisionKey(place));
      if (found === undefined) return err(revisionNotFound(place));
      if (isUsed((await find(place))?.value, place.revision)) {
        const message = `Revision '${place.revision}' serves traffic, has a tag, or is the latest of its service.`;
        return err(refusal("FAILED_PRECONDITION", message));
      }
      await documents.remove(COLLECTION.revisions, revisionKey(place));
      void deps.instances.release(revisionKey(place));
      const resource = revisionJson(found.value);
      const begun = await operations.begin(place, { type: REVISION_TYPE, resource });
      await operations.end({ ...place, id: operationId(begun) }, resource);
      return operations.get({ ...place, id: operationId(begun) });
    },
    listRevisions: async (place) => (await revisionsOf(documents, place)).map(revisionJson),
  };
}

async function removeAll({ documents, table, instances }: ServiceDependencies, place: ServicePlace): Promise<void> {
  const revisions = await revisionsOf(documents, place);
  await documents.remove(COLLECTION.services, serviceKey(place));
  await documents.remove(COLLECTION.policies, serviceKey(place));
  table.remove(place);
  for (const revision of revisions) {
    void instances.release(revisionKey(revision));
    await documents.remove(COLLECTION.revisions, revisionKey(revision));
  }
}

/** Whether a service names a revision. */
function isUsed(service: StoredService | undefined, revision: string): boolean {
  if (service === undefined) return false;
  const { traffic, serving, latestCreatedRevision, latestReadyRevision } = service;
  const named = [...traffic, ...serving].map((entry) => entry.revision);
  return [latestCreatedRevision, latestReadyRevision, ...named].includes(revision);
}

function revisionNotFound(place: ServicePlace & { readonly revision: string }): Refusal {
  return refusal("NOT_FOUND", `Resource '${serviceName(place)}/revisions/${place.revision}' was not found.`);
}
