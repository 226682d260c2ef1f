/** Services and revisions in the older form that `gcloud run` reads, made from the newer one. Pure. */
import { OF_SERVICE, writeHeld } from "./knative-annotations.ts";
import { type KnativeTemplate, knativeTemplate } from "./knative-template.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, textOf, textsOf } from "./read-json.ts";

const LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
const SERVING = "serving.knative.dev/v1";
/** The label that gcloud finds a resource's region by. */
export const LOCATION_LABEL = "cloud.googleapis.com/location";

/** `serving.knative.dev/v1` Service from a `google.cloud.run.v2.Service`. */
export function knativeService(service: JsonObject): JsonObject {
  const { project, location, name } = placeIn(service);
  const held = writeHeld(OF_SERVICE, service);
  const ingress = held["run.googleapis.com/ingress"] ?? "all";
  return {
    apiVersion: SERVING,
    kind: "Service",
    metadata: {
      name,
      namespace: project,
      uid: service.uid,
      resourceVersion: textOf(service.etag),
      generation: numberOf(service.generation),
      creationTimestamp: service.createTime,
      labels: { ...textsOf(service.labels), [LOCATION_LABEL]: location },
      annotations: {
        ...textsOf(service.annotations),
        "run.googleapis.com/ingress": ingress,
        ...held,
        "run.googleapis.com/ingress-status": ingress,
        "serving.knative.dev/creator": textOf(service.creator),
      },
    },
    spec: {
      template: knativeTemplate(objectOf(service.template), project),
      traffic: objectsOf(service.traffic).map(target),
    },
    status: {
      observedGeneration: numberOf(service.observedGeneration),
      conditions: [
        knativeCondition("Ready", objectOf(service.terminalCondition)),
        ...objectsOf(service.conditions).map((each) => knativeCondition(textOf(each.type), each)),
      ],
      latestCreatedRevisionName: shortName(service.latestCreatedRevision),
      ...(service.latestReadyRevision === undefined
        ? {}
        : { latestReadyRevisionName: shortName(service.latestReadyRevision) }),
      traffic: objectsOf(service.trafficStatuses).map((entry) => ({
        ...target(entry),
        revisionName: shortName(entry.revision),
        ...(entry.uri === undefined ? {} : { url: entry.uri }),
      })),
      url: service.uri,
      address: { url: service.uri },
    },
  };
}

/** `serving.knative.dev/v1` Revision from a `google.cloud.run.v2.Revision` and its service: active is one that it serves. */
export function knativeRevision(revision: JsonObject, service: JsonObject): JsonObject {
  const { project, location } = placeIn(revision);
  const name = shortName(revision.name);
  const isActive = objectsOf(service.trafficStatuses).some((entry) => entry.revision === name);
  const owner = textOf(revision.service);
  const { metadata, spec }: KnativeTemplate = knativeTemplate(revision, project);
  const [ready = {}] = objectsOf(revision.conditions);
  const { lastTransitionTime } = ready;
  const active = { type: "Active", status: isActive ? "True" : "False", lastTransitionTime };
  return {
    apiVersion: SERVING,
    kind: "Revision",
    metadata: {
      ...metadata,
      name,
      namespace: project,
      uid: revision.uid,
      generation: 1,
      resourceVersion: textOf(revision.etag),
      creationTimestamp: revision.createTime,
      labels: {
        ...objectOf(metadata.labels),
        [LOCATION_LABEL]: location,
        "serving.knative.dev/service": owner,
        "serving.knative.dev/configuration": owner,
      },
      ownerReferences: [{ apiVersion: SERVING, kind: "Configuration", name: owner, controller: true }],
    },
    spec,
    status: {
      observedGeneration: numberOf(revision.observedGeneration),
      conditions: [
        knativeCondition("Ready", ready),
        // Not an end of anything: idle revisions are well.
        isActive ? active : { ...active, severity: "Info", reason: "NoTraffic" },
        knativeCondition("ContainerHealthy", ready),
        knativeCondition("ResourcesAvailable", ready),
      ],
      imageDigest: textOf(objectsOf(revision.containers)[0]?.image),
      serviceName: owner,
    },
  };
}

/** A condition of the older form. */
export function knativeCondition(
  type: string,
  { state, message, reason, revisionReason, executionReason, lastTransitionTime }: JsonObject,
): JsonObject {
  const status = state === "CONDITION_SUCCEEDED" ? "True" : state === "CONDITION_FAILED" ? "False" : "Unknown";
  const why = textOf(reason ?? revisionReason ?? executionReason);
  return {
    type,
    status,
    lastTransitionTime,
    ...(why === "" ? {} : { reason: why }),
    ...(textOf(message) === "" ? {} : { message }),
  };
}

/** What a resource's full name says. */
export function placeIn({ name }: JsonObject): {
  readonly project: string;
  readonly location: string;
  readonly name: string;
} {
  const [, project = "", , location = "", , short = ""] = textOf(name).split("/");
  return { project, location, name: short };
}

function target(entry: JsonObject): JsonObject {
  const isLatest = entry.type === LATEST;
  const percent = numberOf(entry.percent) ?? 0;
  return {
    ...(isLatest ? { latestRevision: true } : { revisionName: shortName(entry.revision) }),
    ...(percent === 0 ? {} : { percent }),
    ...(textOf(entry.tag) === "" ? {} : { tag: entry.tag }),
  };
}

/** The end of a full name. */
export function shortName(value: unknown): string {
  return textOf(value).split("/").at(-1) ?? "";
}
