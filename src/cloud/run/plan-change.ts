import { canonicalJson } from "../../core/values/digest.ts";
import { type Refusal, refusal } from "../../core/values/google-error.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { JsonObject } from "./read-json.ts";
import {
  COLLECTION,
  MAX_RESOURCES,
  type Place,
  type StoredRevision,
  type StoredService,
  serviceKey,
} from "./resources.ts";
import { taken } from "./service-refusals.ts";
import { revisionAsked, type ServiceSpec } from "./service-spec.ts";

const REVISION_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A service that a call is about. */
export type ServicePlace = Place & { readonly service: string };

/** A change that a client asks for. */
export interface ServiceChange {
  readonly body: JsonObject;
  readonly validateOnly: boolean;
  /** Who asks, as the service's `creator`. */
  readonly caller: string;
  /** Refuses what would move the traffic of a service that is there. */
  readonly keepsTraffic?: boolean;
}

interface PlanDependencies {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A change that may be written. */
export interface Planned {
  readonly service: StoredService;
  /** Undefined where the template is unchanged. */
  readonly revision: StoredRevision | undefined;
  /** Revisions that go for it, as Cloud Run lets the oldest idle ones of many go. */
  readonly surplus: readonly StoredRevision[];
}

/** The next generation of a service, and the revision that it makes; refused where names or traffic do not fit. */
export async function planChange(
  { documents, clock, ids }: PlanDependencies,
  place: ServicePlace,
  spec: ServiceSpec,
  { change, current }: { readonly change: ServiceChange; readonly current: StoredService | undefined },
): Promise<Result<Planned, Refusal>> {
  const { project, location, service } = place;
  const generation = (current?.generation ?? 0) + 1;
  const all = await revisionsOf(documents, place);
  const known = all.map(({ revision }) => revision);
  const isNew = current === undefined || canonicalJson(current.template) !== canonicalJson(spec.template);
  const automatic = `${service}-${String(generation).padStart(5, "0")}-${ids.randomHex(2).slice(0, 3)}`;
  const name = isNew ? (revisionAsked(spec.template) ?? automatic) : current.latestCreatedRevision;
  if (isNew) {
    if (!REVISION_ID.test(name) || !name.startsWith(`${service}-`)) {
      const message = `template.revision: '${name}' must begin with '${service}-' and match ${REVISION_ID.source}.`;
      return err(refusal("INVALID_ARGUMENT", message));
    }
    if (known.includes(name)) return err(taken(name));
  }
  const missing = spec.traffic.find(({ revision }) => revision !== undefined && ![name, ...known].includes(revision));
  if (missing !== undefined) {
    return err(refusal("INVALID_ARGUMENT", `traffic: Revision '${missing.revision}' of ${service} does not exist.`));
  }
  if (change.keepsTraffic === true && current !== undefined && sharesOf(current.traffic) !== sharesOf(spec.traffic)) {
    const message = `Traffic of ${service} is pinned: the release that this script is part of moves it, once all is verified.`;
    return err(refusal("PERMISSION_DENIED", message));
  }
  const at = toIso(clock.now());
  const condition = { state: "CONDITION_RECONCILING", at } as const;
  const born = { uid: ids.uuid(), creator: change.caller, createTime: at, observedGeneration: 0, serving: [] };
  const next = { ...(current ?? born), ...spec, project, location, service, generation, condition, updateTime: at };
  const { template } = spec;
  return ok({
    surplus: isNew ? idleSurplus(all, next) : [],
    service: { ...next, latestCreatedRevision: name, operation: "" },
    revision: isNew
      ? {
          project,
          location,
          service,
          revision: name,
          uid: ids.uuid(),
          serviceUid: next.uid,
          createTime: at,
          generation,
          template,
          condition,
        }
      : undefined,
  });
}

/** Who has how much of the traffic, whatever tags there are. */
function sharesOf(traffic: ServiceSpec["traffic"]): string {
  const shares = traffic.filter(({ percent }) => percent > 0);
  return canonicalJson(shares.map(({ revision = "", percent }) => `${revision} ${percent}`).toSorted());
}

/** The oldest revisions that neither serve nor are asked for, as many as are too many once there is one more. */
function idleSurplus(
  all: readonly StoredRevision[],
  { traffic, serving, latestReadyRevision }: Pick<StoredService, "traffic" | "serving" | "latestReadyRevision">,
): readonly StoredRevision[] {
  const used = new Set([latestReadyRevision, ...[...traffic, ...serving].map(({ revision }) => revision)]);
  const idle = all.filter((each) => !used.has(each.revision) && each.condition.state !== "CONDITION_RECONCILING");
  const tooMany = Math.max(0, all.length + 1 - MAX_RESOURCES);
  return idle.toSorted((a, b) => a.generation - b.generation).slice(0, tooMany);
}

/** All revisions of a service, by name. */
export async function revisionsOf(documents: Documents, place: ServicePlace): Promise<readonly StoredRevision[]> {
  const query = { collection: COLLECTION.revisions, prefix: `${serviceKey(place)}/`, limit: MAX_RESOURCES };
  return (await documents.list<StoredRevision>(query)).map(({ value }) => value);
}
