/** The API's JSON of services and revisions, made from what is kept. Pure. */

import { type JsonObject, objectOf, objectsOf } from "./read-json.ts";
import { type Condition, type Place, placeName, type StoredRevision, type StoredService } from "./resources.ts";
import type { TrafficStatus } from "./traffic.ts";

/** Addresses of a service: its own, and one per tag. */
export interface ServiceAddresses {
  readonly uri: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Names of enum numbers, where a client sends numbers; by the member's name. */
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  ingress: [
    "INGRESS_TRAFFIC_UNSPECIFIED",
    "INGRESS_TRAFFIC_ALL",
    "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    "INGRESS_TRAFFIC_NONE",
  ],
  launchStage: [
    "LAUNCH_STAGE_UNSPECIFIED",
    "EARLY_ACCESS",
    "ALPHA",
    "BETA",
    "GA",
    "DEPRECATED",
    "UNIMPLEMENTED",
    "PRELAUNCH",
  ],
  executionEnvironment: [
    "EXECUTION_ENVIRONMENT_UNSPECIFIED",
    "EXECUTION_ENVIRONMENT_GEN1",
    "EXECUTION_ENVIRONMENT_GEN2",
  ],
  egress: ["VPC_EGRESS_UNSPECIFIED", "ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"],
};

/** Settings with enum numbers replaced by their names, at any depth. */
export function withEnumNames(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (typeof member === "number") return [key, ENUMS[key]?.[member] ?? member];
      if (Array.isArray(member) || typeof member !== "object" || member === null) return [key, member];
      return [key, withEnumNames(objectOf(member))];
    }),
  );
}

/** A service's etag stands for its generation: a change that a client asked for, not how far it has got. */
export function etagOf({ uid, generation }: { readonly uid: string; readonly generation: number }): string {
  return `"${uid.slice(0, 8)}-${generation}"`;
}

/** `google.cloud.run.v2.Service`. */
export function serviceJson(service: StoredService, { uri, tags }: ServiceAddresses): JsonObject {
  const name = `${placeName(service)}/services/${service.service}`;
  const { latestReadyRevision: ready, latestCreatedRevision: created, condition } = service;
  return {
    ...service.settings,
    name,
    uid: service.uid,
    generation: String(service.generation),
    observedGeneration: String(service.observedGeneration),
    labels: service.labels,
    annotations: service.annotations,
    createTime: service.createTime,
    updateTime: service.updateTime,
    creator: service.creator,
    template: service.template,
    traffic: service.traffic,
    terminalCondition: conditionJson("Ready", condition),
    conditions: [conditionJson("RoutesReady", condition), conditionJson("ConfigurationsReady", condition)],
    latestCreatedRevision: `${name}/revisions/${created}`,
    ...(ready === undefined ? {} : { latestReadyRevision: `${name}/revisions/${ready}` }),
    trafficStatuses: service.serving.map((entry) => statusJson(entry, tags)),
    uri,
    urls: [uri],
    ...(service.observedGeneration === service.generation ? {} : { reconciling: true }),
    etag: etagOf(service),
  };
}

function statusJson(entry: TrafficStatus, tags: ServiceAddresses["tags"]): JsonObject {
  const uri = entry.tag === undefined ? undefined : tags[entry.tag];
  return uri === undefined ? { ...entry } : { ...entry, uri };
}

/** `google.cloud.run.v2.Revision`. */
export function revisionJson(revision: StoredRevision): JsonObject {
  const { revision: _, scaling, ...template } = revision.template;
  const { condition } = revision;
  return {
    ...template,
    ...(scaling === undefined ? {} : { scaling }),
    name: `${placeName(revision)}/services/${revision.service}/revisions/${revision.revision}`,
    uid: revision.uid,
    generation: "1",
    observedGeneration: condition.state === "CONDITION_RECONCILING" ? "0" : "1",
    createTime: revision.createTime,
    service: revision.service,
    conditions: [conditionJson("Ready", condition), conditionJson("ContainerReady", condition)],
    ...(condition.state === "CONDITION_RECONCILING" ? { reconciling: true } : {}),
    etag: etagOf({ uid: revision.uid, generation: 1 }),
  };
}

/** Reasons of `CommonReason`; what else there is belongs to `RevisionReason`. */
const COMMON_REASONS: readonly string[] = [
  "REVISION_FAILED",
  "CONTAINER_MISSING",
  "SECRETS_ACCESS_CHECK_FAILED",
  "INTERNAL",
];

/** Reasons of `ExecutionReason`. */
const EXECUTION_REASONS: readonly string[] = ["NON_ZERO_EXIT_CODE", "CANCELLED"];

/** `google.cloud.run.v2.Condition`. */
export function conditionJson(type: string, { state, reason = "", message, at }: Condition): JsonObject {
  const kind = COMMON_REASONS.includes(reason)
    ? "reason"
    : EXECUTION_REASONS.includes(reason)
      ? "executionReason"
      : "revisionReason";
  return {
    type,
    state,
    ...(reason === "" ? {} : { [kind]: reason }),
    ...(message === undefined ? {} : { message }),
    lastTransitionTime: at,
    ...(state === "CONDITION_FAILED" ? { severity: "ERROR" } : {}),
  };
}

/** A template as it is kept: enum names, and one container's list members as lists. */
export function keptTemplate(template: unknown): JsonObject {
  const named = withEnumNames(objectOf(template));
  return { ...named, containers: objectsOf(named.containers) };
}

/** The full name of a service, for messages. */
export function serviceName(service: Place & { readonly service: string }): string {
  return `${placeName(service)}/services/${service.service}`;
}
