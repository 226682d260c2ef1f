/** Services in the older form that `gcloud run` reads, made from the newer one. Pure. What has no place in it is left out. */
import { type JsonObject, numberOf, objectOf, objectsOf, textOf, textsOf } from "./read-json.ts";

const LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";

/** `serving.knative.dev/v1` Service from a `google.cloud.run.v2.Service`. */
export function knativeService(service: JsonObject): JsonObject {
  const [, project = "", , location = "", , name = ""] = textOf(service.name).split("/");
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: {
      name,
      namespace: project,
      uid: service.uid,
      resourceVersion: textOf(service.etag),
      generation: numberOf(service.generation),
      creationTimestamp: service.createTime,
      labels: { ...textsOf(service.labels), "cloud.googleapis.com/location": location },
      annotations: { ...textsOf(service.annotations), "run.googleapis.com/ingress": "all" },
    },
    spec: { template: knativeTemplate(objectOf(service.template)), traffic: objectsOf(service.traffic).map(target) },
    status: {
      observedGeneration: numberOf(service.observedGeneration),
      conditions: [
        condition("Ready", objectOf(service.terminalCondition)),
        ...objectsOf(service.conditions).map((each) => condition(textOf(each.type), each)),
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

function knativeTemplate(template: JsonObject): JsonObject {
  const { minInstanceCount, maxInstanceCount } = objectOf(template.scaling);
  const revision = textOf(template.revision);
  const containers = objectsOf(template.containers);
  const idle = objectOf(containers[0]?.resources).cpuIdle;
  return {
    metadata: {
      ...(revision === "" ? {} : { name: revision }),
      labels: textsOf(template.labels),
      annotations: {
        ...textsOf(template.annotations),
        ...(minInstanceCount === undefined ? {} : { "autoscaling.knative.dev/minScale": String(minInstanceCount) }),
        ...(maxInstanceCount === undefined ? {} : { "autoscaling.knative.dev/maxScale": String(maxInstanceCount) }),
        ...(idle === undefined ? {} : { "run.googleapis.com/cpu-throttling": idle === false ? "False" : "True" }),
      },
    },
    spec: {
      containerConcurrency: numberOf(template.maxInstanceRequestConcurrency),
      timeoutSeconds: numberOf(textOf(template.timeout).replace(/s$/, "")),
      serviceAccountName: template.serviceAccount,
      containers: containers.map(knativeContainer),
    },
  };
}

function knativeContainer(container: JsonObject): JsonObject {
  const { image, command, args, ports, resources, startupProbe } = container;
  return {
    image,
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(ports === undefined ? {} : { ports }),
    env: objectsOf(container.env).map(knativeVariable),
    resources: { limits: textsOf(objectOf(resources).limits) },
    ...(startupProbe === undefined ? {} : { startupProbe }),
  };
}

function knativeVariable(variable: JsonObject): JsonObject {
  const reference = objectOf(objectOf(variable.valueSource).secretKeyRef);
  if (reference.secret === undefined) return { name: variable.name, value: textOf(variable.value) };
  const key = textOf(reference.version) === "" ? "latest" : textOf(reference.version);
  return { name: variable.name, valueFrom: { secretKeyRef: { name: shortName(reference.secret), key } } };
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

function condition(
  type: string,
  { state, message, reason, revisionReason, lastTransitionTime }: JsonObject,
): JsonObject {
  const status = state === "CONDITION_SUCCEEDED" ? "True" : state === "CONDITION_FAILED" ? "False" : "Unknown";
  const why = textOf(reason ?? revisionReason);
  return {
    type,
    status,
    lastTransitionTime,
    ...(why === "" ? {} : { reason: why }),
    ...(textOf(message) === "" ? {} : { message }),
  };
}

function shortName(value: unknown): string {
  return textOf(value).split("/").at(-1) ?? "";
}
