/** What Cloud Run says of a service, in our words. Pure. */
import type { protos } from "@google-cloud/run";
import { isDigest } from "../../core/values/digest.ts";
import { instant } from "../../core/values/time.ts";
import type { ObservedRevision, ObservedService, ObservedTraffic, TrafficEntry } from "../../ports/services.ts";
import { templateOf } from "./run-template.ts";

type GoogleService = protos.google.cloud.run.v2.IService;
type GoogleRevision = protos.google.cloud.run.v2.IRevision;
type GoogleCondition = protos.google.cloud.run.v2.ICondition;
type GoogleTarget = protos.google.cloud.run.v2.ITrafficTarget;

const REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
const LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";

/** A service with its traffic as it is served, not as it was asked. */
export function observedService(service: GoogleService, serving: GoogleRevision | undefined): ObservedService {
  const created = shortName(service.latestCreatedRevision);
  return {
    name: shortName(service.name),
    url: service.uri ?? "",
    etag: service.etag ?? "",
    labels: service.labels ?? {},
    traffic: servedTraffic(service),
    ...(serving === undefined ? {} : { serving: observedRevision(serving) }),
    ...(created === "" ? {} : { latestCreatedRevision: created }),
  };
}

/** The entries of what is served. */
export function servedTraffic(service: GoogleService): readonly ObservedTraffic[] {
  return (service.trafficStatuses ?? []).map(({ revision, percent, tag, type }) => ({
    revision: shortName(revision),
    percent: percent ?? 0,
    ...(tag ? { tag } : {}),
    latest: String(type) === LATEST || type === 1,
  }));
}

/** The short name of the revision with the most traffic. */
export function servingRevision(service: GoogleService): string | undefined {
  const served = servedTraffic(service).filter(({ percent }) => percent > 0);
  return served.toSorted((a, b) => b.percent - a.percent)[0]?.revision;
}

/** A revision with the digest that it runs. */
export function observedRevision(revision: GoogleRevision): ObservedRevision {
  const template = templateOf(revision);
  const digest = template.image.split("@")[1] ?? "";
  const { seconds, nanos } = revision.createTime ?? {};
  return {
    name: shortName(revision.name),
    template,
    digest: isDigest(digest) ? digest : undefined,
    labels: revision.labels ?? {},
    createdAt: instant(Number(seconds ?? 0) * 1_000 + Math.trunc((nanos ?? 0) / 1_000_000)),
  };
}

/** Traffic as the API takes it. */
export function googleTraffic(traffic: readonly TrafficEntry[]): GoogleTarget[] {
  return traffic.map(({ revision, percent, tag }) => ({
    type: REVISION,
    revision,
    percent,
    ...(tag === undefined ? {} : { tag }),
  }));
}

/** Whether two splits serve the same; an entry without traffic and tag serves nothing. */
export function isSameTraffic(one: readonly TrafficEntry[], other: readonly TrafficEntry[]): boolean {
  return trafficText(one) === trafficText(other);
}

/** A split as text, for comparing and for people. */
export function trafficText(traffic: readonly TrafficEntry[]): string {
  const entries = traffic.filter(({ percent, tag }) => percent > 0 || tag !== undefined);
  const texts = entries.map(({ revision, percent, tag }) => `${revision}=${percent}%${tag ? ` (${tag})` : ""}`);
  return texts.toSorted().join(", ");
}

/** How far something has got. */
export type Readiness =
  | { readonly kind: "pending" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly reason: string; readonly message: string };

/** How far a revision has got. */
export function revisionReadiness(revision: GoogleRevision): Readiness {
  return readinessOf(revision.conditions?.find(({ type }) => type === "Ready"));
}

/** How far a service has got with its newest generation. */
export function serviceReadiness(service: GoogleService): Readiness {
  const isBehind = Number(service.observedGeneration ?? 0) !== Number(service.generation ?? 0);
  if (service.reconciling === true || isBehind) return { kind: "pending" };
  return readinessOf(service.terminalCondition ?? undefined);
}

function readinessOf(condition: GoogleCondition | undefined): Readiness {
  const state = String(condition?.state ?? "");
  if (state === "CONDITION_SUCCEEDED") return { kind: "ready" };
  if (state !== "CONDITION_FAILED") return { kind: "pending" };
  return { kind: "failed", reason: reasonOf(condition ?? {}), message: condition?.message ?? "" };
}

function reasonOf({ reason, revisionReason }: GoogleCondition): string {
  const named = [reason, revisionReason].map((each) => String(each ?? ""));
  return named.find((each) => each !== "" && !each.endsWith("_UNDEFINED")) ?? "REVISION_FAILED";
}

/** The last part of a full name. */
function shortName(name: string | null | undefined): string {
  return name?.split("/").at(-1) ?? "";
}
