import { err, ok, type Result } from "../../core/values/result.ts";
import type { Documents } from "../../ports/documents.ts";
import type { Addresses } from "./addresses.ts";
import type { Instances } from "./instances.ts";
import { change } from "./keep.ts";
import {
  COLLECTION,
  type Condition,
  revisionKey,
  type StoredRevision,
  type StoredService,
  serviceKey,
} from "./resources.ts";
import type { StartFailure } from "./start-container.ts";
import { keptRevisions, resolveTraffic } from "./traffic.ts";
import type { TrafficTable } from "./traffic-table.ts";

/** Why a change could not be carried out. */
export interface ReconcileFailure {
  readonly reason: string;
  readonly message: string;
}

export interface ReconcileDependencies {
  readonly documents: Documents;
  /** Now, as RFC 3339. */
  readonly nowIso: () => string;
  readonly instances: Instances;
  readonly addresses: Addresses;
  readonly table: TrafficTable;
  /** True once the cloud is being closed: what fails from then on has not failed, it goes on at the next start. */
  readonly isClosing: () => boolean;
}

/** Carries out accepted changes of services. */
export interface Reconciler {
  /**
   * Makes the revision that this generation asks for, waits until it is ready, then serves the traffic asked. On
   * failure what is served stays as it was. A generation that a later one has replaced changes no traffic any more.
   */
  reconcile(service: StoredService): Promise<Result<StoredService, ReconcileFailure>>;
}

/** Reconciles; several generations of one service may be under way at once. */
export function createReconciler(deps: ReconcileDependencies): Reconciler {
  /** Revisions that changes under way need: their instances stay though nothing serves them yet. */
  const claims = new Map<string, number>();
  const claim = (key: string, difference: number) => claims.set(key, (claims.get(key) ?? 0) + difference);
  return {
    async reconcile(asked) {
      const needed = await neededRevisions(deps.documents, asked);
      const keys = needed.map(revisionKey);
      for (const key of keys) claim(key, 1);
      try {
        const done = await carryOut(deps, asked, needed);
        if (!done.ok && !deps.isClosing()) await fail(deps, asked, done.error);
        return done;
      } finally {
        for (const key of keys) claim(key, -1);
        settle(deps, asked, claims);
      }
    },
  };
}

async function carryOut(
  deps: ReconcileDependencies,
  asked: StoredService,
  needed: readonly StoredRevision[],
): Promise<Result<StoredService, ReconcileFailure>> {
  const { project, location, service } = asked;
  const tags = asked.traffic.flatMap(({ tag }) => tag ?? []);
  try {
    await Promise.all(tags.map((tag) => deps.addresses.addressOf({ project, location, service, tag })));
  } catch (error) {
    return err({ reason: "INTERNAL", message: error instanceof Error ? error.message : String(error) });
  }
  const made = await Promise.all(needed.map((revision) => makeReady(deps, revision)));
  const failure = made.find((result) => !result.ok);
  if (failure?.ok === false) return failure;
  return serve(deps, asked, new Set(needed.map(({ revision }) => revision)));
}

/** Starts its instance; the first time, what becomes of that is the revision's condition for good. */
async function makeReady(
  { documents, instances, isClosing, nowIso }: ReconcileDependencies,
  revision: StoredRevision,
): Promise<Result<unknown, ReconcileFailure>> {
  const { state, reason = "REVISION_FAILED", message = "" } = revision.condition;
  if (state === "CONDITION_FAILED") return err({ reason, message });
  const started = await instances.ensure(revision, "once");
  if (state === "CONDITION_SUCCEEDED" || (!started.ok && isClosing())) return started;
  const condition = conditionOf(started.ok ? undefined : started.error, nowIso());
  const at = { collection: COLLECTION.revisions, key: revisionKey(revision) };
  const judged = await change<StoredRevision, ReconcileFailure>(documents, at, (current) =>
    current === undefined ? err(deleted(revision.service)) : ok({ ...current, condition }),
  );
  return started.ok ? judged : started;
}

/** Writes and then serves the traffic asked; `ready` names the revisions that were waited for. */
async function serve(
  { documents, table, nowIso }: ReconcileDependencies,
  asked: StoredService,
  ready: ReadonlySet<string>,
): Promise<Result<StoredService, ReconcileFailure>> {
  const condition = conditionOf(undefined, nowIso());
  const written = await change<StoredService, ReconcileFailure>(documents, atOf(asked), (current) => {
    if (current === undefined || current.uid !== asked.uid) return err(deleted(asked.service));
    const { latestCreatedRevision: created, generation, observedGeneration } = current;
    const latestReady = ready.has(created) ? created : current.latestReadyRevision;
    const next = latestReady === undefined ? current : { ...current, latestReadyRevision: latestReady };
    const serving = resolveTraffic(current.traffic, latestReady);
    if (generation === asked.generation) return ok({ ...next, serving, condition, observedGeneration: generation });
    // A later generation was carried out meanwhile; what of it follows the latest follows this one.
    return ok(generation === observedGeneration ? { ...next, serving } : next);
  });
  if (!written.ok || written.value.observedGeneration !== written.value.generation) return written;
  table.serve(written.value, await servingRevisions(documents, written.value));
  return written;
}

/** Says that the change failed; what is served stays. */
async function fail(
  { documents, nowIso }: ReconcileDependencies,
  asked: StoredService,
  failure: ReconcileFailure,
): Promise<void> {
  const condition = conditionOf(failure, nowIso());
  await change<StoredService, "replaced">(documents, atOf(asked), (current) => {
    if (current?.uid !== asked.uid || current.generation !== asked.generation) return err("replaced");
    return ok({ ...current, condition, observedGeneration: asked.generation });
  });
}

/** Stops the instances of revisions that neither serve nor are needed by a change under way. */
function settle(
  { instances, table }: ReconcileDependencies,
  service: StoredService,
  claims: ReadonlyMap<string, number>,
): void {
  const prefix = `${serviceKey(service)}/`;
  const kept = keptRevisions(table.entries(service));
  for (const key of instances.running().filter((running) => running.startsWith(prefix))) {
    const isNeeded = kept.has(key.slice(prefix.length)) || (claims.get(key) ?? 0) > 0;
    if (!isNeeded) void instances.release(key);
  }
}

/** The revisions of what a service serves. */
export async function servingRevisions(
  documents: Documents,
  service: StoredService,
): Promise<readonly StoredRevision[]> {
  const found = await Promise.all(
    service.serving.map(({ revision }) =>
      documents.get<StoredRevision>(COLLECTION.revisions, revisionKey({ ...service, revision })),
    ),
  );
  return found.flatMap((document) => document?.value ?? []);
}

/** Revisions that have to be ready: the one that this generation makes, and those that its traffic names. */
async function neededRevisions(documents: Documents, asked: StoredService): Promise<readonly StoredRevision[]> {
  const { latestCreatedRevision: created, latestReadyRevision: latestReady } = asked;
  const names = new Set([created, ...resolveTraffic(asked.traffic, latestReady).map(({ revision }) => revision)]);
  const found = await Promise.all(
    [...names].map((revision) =>
      documents.get<StoredRevision>(COLLECTION.revisions, revisionKey({ ...asked, revision })),
    ),
  );
  const named = new Set(asked.traffic.flatMap(({ revision }) => revision ?? []));
  const all = found.flatMap((document) => document?.value ?? []);
  const isMaking = all.some(({ revision, generation }) => revision === created && generation === asked.generation);
  return all.filter(({ revision }) => {
    if (named.has(revision)) return true;
    // What follows the latest follows the new one, once there is one.
    return isMaking ? revision === created : revision === latestReady && names.has(revision);
  });
}

function conditionOf(failure: StartFailure | ReconcileFailure | undefined, at: string): Condition {
  if (failure === undefined) return { state: "CONDITION_SUCCEEDED", at };
  return { state: "CONDITION_FAILED", reason: failure.reason, message: failure.message, at };
}

function deleted(service: string): ReconcileFailure {
  return { reason: "REVISION_FAILED", message: `Service ${service} was deleted meanwhile.` };
}

function atOf(service: StoredService): { readonly collection: string; readonly key: string } {
  return { collection: COLLECTION.services, key: serviceKey(service) };
}
