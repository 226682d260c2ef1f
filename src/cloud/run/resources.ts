/** What the embedded Cloud Run keeps, and under which keys. Settings stay in the API's own JSON, as a client sent them. */
import type { JsonObject } from "./read-json.ts";
import type { TrafficStatus, TrafficTarget } from "./traffic.ts";

/** Where a resource is; an identity reaches only its own project. */
export interface Place {
  readonly project: string;
  readonly location: string;
}

/** Names of the collections in Documents. */
export const COLLECTION = {
  services: "run-services",
  revisions: "run-revisions",
  jobs: "run-jobs",
  executions: "run-executions",
  operations: "run-operations",
  addresses: "run-addresses",
  policies: "run-policies",
  metrics: "run-metrics",
} as const;

/** Resources of one kind in one place, at most: a list is read as a whole. */
export const MAX_RESOURCES = 1_000;

/** How a resource's last change went. */
export interface Condition {
  readonly state: "CONDITION_RECONCILING" | "CONDITION_SUCCEEDED" | "CONDITION_FAILED";
  /** A reason of the API's `CommonReason` or `RevisionReason`; only of a failure. */
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly at: string;
  /** Only of a fault that a start of the cloud found: the condition that returns once a later start finds none. */
  readonly before?: Condition;
}

export interface StoredService extends Place {
  readonly service: string;
  readonly uid: string;
  readonly creator: string;
  readonly createTime: string;
  readonly updateTime: string;
  /** From 1; grows with each accepted change, and is what the etag stands for. */
  readonly generation: number;
  readonly observedGeneration: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** As asked; its `revision` is empty where the cloud chose the name. */
  readonly template: JsonObject;
  readonly traffic: readonly TrafficTarget[];
  /** Further settings, kept and given back. */
  readonly settings: JsonObject;
  /** Short names. */
  readonly latestCreatedRevision: string;
  readonly latestReadyRevision?: string;
  /** What is served: stays as it is when a change fails. */
  readonly serving: readonly TrafficStatus[];
  readonly condition: Condition;
  /** The operation of the last accepted change. */
  readonly operation: string;
}

/** Settings never change; the condition does. */
export interface StoredRevision extends Place {
  readonly service: string;
  readonly revision: string;
  readonly uid: string;
  readonly createTime: string;
  /** The service that made it: another one may have had its name before. */
  readonly serviceUid: string;
  /** The service's generation that made it. */
  readonly generation: number;
  readonly template: JsonObject;
  readonly condition: Condition;
}

/** The key of a service, `project/location/service`, and the beginning of its revisions' keys. */
export function serviceKey({ project, location, service }: Place & { readonly service: string }): string {
  return `${project}/${location}/${service}`;
}

/** The key of a revision; also names it among the instances. */
export function revisionKey(revision: Place & { readonly service: string; readonly revision: string }): string {
  return `${serviceKey(revision)}/${revision.revision}`;
}

/** The API's name of a place, the beginning of every other name. */
export function placeName({ project, location }: Place): string {
  return `projects/${project}/locations/${location}`;
}
