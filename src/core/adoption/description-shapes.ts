/** Where the two shapes of a description, Knative's v1 and Cloud Run's own v2, keep the same settings. */
import type { YamlPath } from "../yaml/read-yaml.ts";

/** How one kind of description is read: paths of what the platform file has a key for. */
export interface DescriptionShape {
  readonly kind: "service" | "job";
  readonly version: "v1" | "v2";
  /** What holds containers and volumes. */
  readonly pod: YamlPath;
  /** Of `run`: where each setting stands, beneath the description or (`container`) beneath its container. */
  readonly settings: readonly ShapeSetting[];
  readonly account: YamlPath;
  /** Lists of the cloud's own records: no settings. */
  readonly records: readonly YamlPath[];
  /** What else is left, with the reason. */
  readonly left: readonly { readonly path: YamlPath; readonly because: string }[];
}

export interface ShapeSetting {
  readonly key: SettingKey;
  readonly in: "description" | "container";
  readonly path: YamlPath;
}

export type SettingKey =
  | "port"
  | "memory"
  | "cpu"
  | "minInstances"
  | "maxInstances"
  | "concurrency"
  | "timeout"
  | "cpuThrottling"
  | "cloudsqlInstances"
  | "allowUnauthenticated";

const TRAFFIC = "a release moves traffic";
const REVISION = "a release names its revisions";
const KNATIVE_RECORDS: readonly YamlPath[] = [
  ["apiVersion"],
  ["kind"],
  ["status"],
  ...["uid", "generation", "resourceVersion", "creationTimestamp", "selfLink"].map((key) => ["metadata", key]),
  ...[
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
    "run.googleapis.com/operation-id",
    "run.googleapis.com/client-name",
    "run.googleapis.com/client-version",
    "run.googleapis.com/ingress-status",
    "run.googleapis.com/urls",
    "run.googleapis.com/creator",
    "run.googleapis.com/lastModifier",
  ].map((key) => ["metadata", "annotations", key]),
];
const CONTAINER: readonly ShapeSetting[] = [
  { key: "port", in: "container", path: ["ports", 0, "containerPort"] },
  { key: "memory", in: "container", path: ["resources", "limits", "memory"] },
  { key: "cpu", in: "container", path: ["resources", "limits", "cpu"] },
];

function annotations(of: YamlPath): readonly ShapeSetting[] {
  const annotation = (key: SettingKey, name: string): ShapeSetting => ({
    key,
    in: "description",
    path: [...of, "annotations", name],
  });
  return [
    annotation("minInstances", "autoscaling.knative.dev/minScale"),
    annotation("maxInstances", "autoscaling.knative.dev/maxScale"),
    annotation("cpuThrottling", "run.googleapis.com/cpu-throttling"),
    annotation("cloudsqlInstances", "run.googleapis.com/cloudsql-instances"),
  ];
}

function templateRecords(template: YamlPath): readonly YamlPath[] {
  return [
    [...template, "metadata", "annotations", "run.googleapis.com/client-name"],
    [...template, "metadata", "annotations", "run.googleapis.com/client-version"],
    [...template, "metadata", "labels", "client.knative.dev/nonce"],
    [...template, "metadata", "labels", "run.googleapis.com/startupProbeType"],
  ];
}

const TEMPLATE = ["spec", "template"] as const;

const V1_SERVICE: DescriptionShape = {
  kind: "service",
  version: "v1",
  pod: [...TEMPLATE, "spec"],
  settings: [
    ...CONTAINER,
    ...annotations([...TEMPLATE, "metadata"]),
    { key: "concurrency", in: "description", path: [...TEMPLATE, "spec", "containerConcurrency"] },
    { key: "timeout", in: "description", path: [...TEMPLATE, "spec", "timeoutSeconds"] },
    {
      key: "allowUnauthenticated",
      in: "description",
      path: ["metadata", "annotations", "run.googleapis.com/invoker-iam-disabled"],
    },
  ],
  account: [...TEMPLATE, "spec", "serviceAccountName"],
  records: [...KNATIVE_RECORDS, ...templateRecords(TEMPLATE)],
  left: [
    { path: ["spec", "traffic"], because: TRAFFIC },
    { path: [...TEMPLATE, "metadata", "name"], because: REVISION },
  ],
};

const V1_TASK = [...TEMPLATE, "spec", "template", "spec"] as const;

const V1_JOB: DescriptionShape = {
  kind: "job",
  version: "v1",
  pod: V1_TASK,
  settings: [
    ...CONTAINER,
    ...annotations([...TEMPLATE, "metadata"]),
    { key: "timeout", in: "description", path: [...V1_TASK, "timeoutSeconds"] },
  ],
  account: [...V1_TASK, "serviceAccountName"],
  records: [...KNATIVE_RECORDS, ...templateRecords(TEMPLATE)],
  left: [],
};

const V2_RECORDS: readonly YamlPath[] = [
  ...["uid", "generation", "observedGeneration", "createTime", "updateTime", "deleteTime", "expireTime", "creator"],
  ...["lastModifier", "terminalCondition", "conditions", "latestReadyRevision", "latestCreatedRevision"],
  ...["trafficStatuses", "reconciling", "etag", "satisfiesPzs", "executionCount", "latestCreatedExecution"],
].map((key) => [key]);

const V2_SERVICE: DescriptionShape = {
  kind: "service",
  version: "v2",
  pod: ["template"],
  settings: [
    ...CONTAINER,
    { key: "cpuThrottling", in: "container", path: ["resources", "cpuIdle"] },
    { key: "minInstances", in: "description", path: ["template", "scaling", "minInstanceCount"] },
    { key: "maxInstances", in: "description", path: ["template", "scaling", "maxInstanceCount"] },
    { key: "concurrency", in: "description", path: ["template", "maxInstanceRequestConcurrency"] },
    { key: "timeout", in: "description", path: ["template", "timeout"] },
    { key: "allowUnauthenticated", in: "description", path: ["invokerIamDisabled"] },
  ],
  account: ["template", "serviceAccount"],
  records: V2_RECORDS,
  left: [
    { path: ["traffic"], because: TRAFFIC },
    { path: ["template", "revision"], because: REVISION },
  ],
};

const V2_JOB: DescriptionShape = {
  kind: "job",
  version: "v2",
  pod: ["template", "template"],
  settings: [...CONTAINER, { key: "timeout", in: "description", path: ["template", "template", "timeout"] }],
  account: ["template", "template", "serviceAccount"],
  records: V2_RECORDS,
  left: [],
};

/** The shape of a description; undefined where it is none of a service or job. */
export function shapeOf(description: unknown): DescriptionShape | undefined {
  if (typeof description !== "object" || description === null) return undefined;
  const { kind, name } = description as { kind?: unknown; name?: unknown };
  if (kind === "Service" && "spec" in description) return V1_SERVICE;
  if (kind === "Job" && "spec" in description) return V1_JOB;
  if (typeof name !== "string" || !("template" in description)) return undefined;
  if (/^projects\/[^/]+\/locations\/[^/]+\/services\/[^/]+$/.test(name)) return V2_SERVICE;
  return /^projects\/[^/]+\/locations\/[^/]+\/jobs\/[^/]+$/.test(name) ? V2_JOB : undefined;
}
