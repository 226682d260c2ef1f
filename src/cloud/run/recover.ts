import { err, ok } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { Addresses } from "./addresses.ts";
import type { Executions } from "./executions.ts";
import { isAlwaysOn } from "./instance-spec.ts";
import type { Instances } from "./instances.ts";
import { change } from "./keep.ts";
import type { Operations } from "./operations.ts";
import { servingRevisions } from "./reconcile.ts";
import {
  COLLECTION,
  MAX_RESOURCES,
  type Place,
  type StoredRevision,
  type StoredService,
  serviceKey,
} from "./resources.ts";
import type { ServiceResources } from "./services.ts";
import { keptRevisions } from "./traffic.ts";
import type { TrafficTable } from "./traffic-table.ts";

export interface RecoveryDependencies {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly operations: Operations;
  readonly executions: Executions;
  readonly addresses: Addresses;
  readonly instances: Instances;
  readonly table: TrafficTable;
  readonly services: ServiceResources;
  readonly isClosing: () => boolean;
}

/**
 * What a start does with what an earlier run left: traffic is served again at the kept addresses, instances start in
 * the background, changes that were accepted are carried out, and replaced ones end. Failures become conditions.
 */
export function createRecovery(deps: RecoveryDependencies): { recover(): Promise<void> } {
  const { documents, table, addresses, services } = deps;
  return {
    async recover() {
      const all = await documents.list<StoredService>({
        collection: COLLECTION.services,
        prefix: "",
        limit: MAX_RESOURCES,
      });
      await removeOrphans(
        documents,
        all.map(({ value }) => value),
      );
      for (const { value: service } of all) await judgeAnew(documents, service);
      for (const { value: service } of all) table.serve(service, await servingRevisions(documents, service));
      const unopened = await addresses.openAll();
      for (const { addressed, reason } of unopened)
        await report(deps, addressed, `Its address cannot be opened: ${reason}`);
      for (const { value: service } of all) void wake(deps, service).catch(() => undefined);
      await deps.executions.recover();
      await deps.operations.tidy(all.map(({ value }) => value.operation));
      for (const { value: service } of all) void services.carryOut(service).catch(() => undefined);
    },
  };
}

/**
 * Revisions are written before the service that names them, and removed after it. One that was left over by a crash
 * between would keep its name in use for ever.
 */
async function removeOrphans(documents: Documents, services: readonly StoredService[]): Promise<void> {
  const known = new Map(services.map((service) => [serviceKey(service), service]));
  const collection = COLLECTION.revisions;
  let afterKey = "";
  for (;;) {
    const page = await documents.list<StoredRevision>({ collection, prefix: "", limit: MAX_RESOURCES, afterKey });
    for (const { key, value } of page) {
      const service = known.get(serviceKey(value));
      const isOwned = service?.uid === value.serviceUid && value.generation <= (service?.generation ?? 0);
      if (!isOwned) await documents.remove(collection, key);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < MAX_RESOURCES) return;
    afterKey = last.key;
  }
}

/**
 * Starts the instances of what has traffic or a tag and is to run without being asked, and goes on trying. Others start
 * with their first request.
 */
async function wake(deps: RecoveryDependencies, service: StoredService): Promise<void> {
  const kept = keptRevisions(service.serving);
  for (const revision of await servingRevisions(deps.documents, service)) {
    if (!kept.has(revision.revision) || !isAlwaysOn(revision.template)) continue;
    const started = await deps.instances.ensure(revision, "keep");
    if (!started.ok && !deps.isClosing()) await report(deps, service, started.error.message);
  }
}

/** Takes back what an earlier start found wrong: this one looks for itself. */
async function judgeAnew(documents: Documents, service: StoredService): Promise<void> {
  if (service.condition.before === undefined) return;
  const at = { collection: COLLECTION.services, key: serviceKey(service) };
  await change<StoredService, "gone">(documents, at, (current) =>
    current === undefined ? err("gone") : ok({ ...current, condition: current.condition.before ?? current.condition }),
  );
}

async function report(
  { documents, clock }: RecoveryDependencies,
  place: Place & { readonly service: string },
  message: string,
): Promise<void> {
  const at = { collection: COLLECTION.services, key: serviceKey(place) };
  await change<StoredService, "gone">(documents, at, (current) => {
    if (current === undefined) return err("gone");
    const condition = {
      state: "CONDITION_FAILED",
      reason: "REVISION_FAILED",
      message,
      at: toIso(clock.now()),
      before: current.condition.before ?? current.condition,
    } as const;
    return ok({ ...current, condition });
  });
}
