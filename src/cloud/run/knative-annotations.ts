/**
 * Settings that the older form of the API writes as annotations, with the members of the newer form that they stand for,
 * both ways. The names are those that `gcloud run` reads and writes. Pure.
 */
import { err, ok, type Result } from "../../core/values/result.ts";
import { type JsonObject, numberOf, objectOf, textOf, textsOf } from "./read-json.ts";

/** How an annotation's text stands for a value; `read` gives undefined for a text that stands for none. */
interface Spelling {
  readonly read: (text: string) => unknown;
  readonly write: (value: unknown) => string | undefined;
}

/** An annotation, where its value is in the newer form, and how it is spelled. */
export type HeldAnnotation = readonly [annotation: string, path: readonly string[], spelling: Spelling];

const words = (table: Readonly<Record<string, string>>): Spelling => ({
  read: (text) => (Object.hasOwn(table, text) ? table[text] : undefined),
  write: (value) => Object.keys(table).find((word) => table[word] === value),
});
const TEXT: Spelling = { read: (text) => text || undefined, write: (value) => textOf(value) || undefined };
const COUNT: Spelling = {
  read: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined),
  write: (value) => numberOf(value)?.toString(),
};
const FLAG: Spelling = {
  read: (text) => ({ true: true, false: false })[text.toLowerCase()],
  write: (value) => (typeof value === "boolean" ? (value ? "True" : "False") : undefined),
};
const LIST: Spelling = { read: listIn, write: (value) => (Array.isArray(value) ? JSON.stringify(value) : undefined) };
const STAGE: Spelling = {
  read: (text) => (/^(ALPHA|BETA|GA|EARLY_ACCESS|DEPRECATED|PRELAUNCH)$/.test(text) ? text : undefined),
  write: TEXT.write,
};

/** Of a service. */
export const OF_SERVICE: readonly HeldAnnotation[] = [
  [
    "run.googleapis.com/ingress",
    ["ingress"],
    words({
      all: "INGRESS_TRAFFIC_ALL",
      internal: "INGRESS_TRAFFIC_INTERNAL_ONLY",
      "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
      none: "INGRESS_TRAFFIC_NONE",
    }),
  ],
  ["run.googleapis.com/client-name", ["client"], TEXT],
  ["run.googleapis.com/client-version", ["clientVersion"], TEXT],
  ["run.googleapis.com/launch-stage", ["launchStage"], STAGE],
  ["run.googleapis.com/description", ["description"], TEXT],
  ["run.googleapis.com/minScale", ["scaling", "minInstanceCount"], COUNT],
  ["run.googleapis.com/maxScale", ["scaling", "maxInstanceCount"], COUNT],
  ["run.googleapis.com/manualInstanceCount", ["scaling", "manualInstanceCount"], COUNT],
  ["run.googleapis.com/scalingMode", ["scaling", "scalingMode"], words({ automatic: "AUTOMATIC", manual: "MANUAL" })],
  ["run.googleapis.com/custom-audiences", ["customAudiences"], LIST],
  ["run.googleapis.com/invoker-iam-disabled", ["invokerIamDisabled"], FLAG],
  ["run.googleapis.com/default-url-disabled", ["defaultUriDisabled"], FLAG],
  ["run.googleapis.com/iap-enabled", ["iapEnabled"], FLAG],
];

/** Of a revision's or a task's template. */
export const OF_TEMPLATE: readonly HeldAnnotation[] = [
  ["autoscaling.knative.dev/minScale", ["scaling", "minInstanceCount"], COUNT],
  ["autoscaling.knative.dev/maxScale", ["scaling", "maxInstanceCount"], COUNT],
  [
    "run.googleapis.com/execution-environment",
    ["executionEnvironment"],
    words({ gen1: "EXECUTION_ENVIRONMENT_GEN1", gen2: "EXECUTION_ENVIRONMENT_GEN2" }),
  ],
  ["run.googleapis.com/vpc-access-connector", ["vpcAccess", "connector"], TEXT],
  [
    "run.googleapis.com/vpc-access-egress",
    ["vpcAccess", "egress"],
    words({ "all-traffic": "ALL_TRAFFIC", "private-ranges-only": "PRIVATE_RANGES_ONLY", all: "ALL_TRAFFIC" }),
  ],
  ["run.googleapis.com/network-interfaces", ["vpcAccess", "networkInterfaces"], LIST],
  ["run.googleapis.com/sessionAffinity", ["sessionAffinity"], FLAG],
  ["run.googleapis.com/encryption-key", ["encryptionKey"], TEXT],
  ["run.googleapis.com/health-check-disabled", ["healthCheckDisabled"], FLAG],
];

/** Of a template's container. */
export const OF_CONTAINER: readonly HeldAnnotation[] = [
  ["run.googleapis.com/cpu-throttling", ["resources", "cpuIdle"], FLAG],
  ["run.googleapis.com/startup-cpu-boost", ["resources", "startupCpuBoost"], FLAG],
];

/** The annotations that stand for members of an object of the newer form. */
export function writeHeld(held: readonly HeldAnnotation[], value: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    held.flatMap(([annotation, path, { write }]) => {
      const member = path.reduce<unknown>((inner, name) => objectOf(inner)[name], value);
      const text = member === undefined ? undefined : write(member);
      return text === undefined ? [] : [[annotation, text]];
    }),
  );
}

/** The members that annotations stand for, and the annotations that stand for none. Errors are for the client. */
export function readHeld(
  held: readonly HeldAnnotation[],
  annotations: unknown,
): Result<{ readonly members: JsonObject; readonly others: Readonly<Record<string, string>> }, string> {
  const texts = textsOf(annotations);
  let members: JsonObject = {};
  for (const [annotation, path, { read }] of held) {
    const text = texts[annotation];
    if (text === undefined) continue;
    const value = read(text);
    if (value === undefined) return err(`metadata.annotations[${annotation}]: '${text}' is not a valid value.`);
    members = withMember(members, path, value);
  }
  const names = new Set(held.map(([annotation]) => annotation));
  return ok({ members, others: Object.fromEntries(Object.entries(texts).filter(([name]) => !names.has(name))) });
}

function withMember(target: JsonObject, [head = "", ...rest]: readonly string[], value: unknown): JsonObject {
  return { ...target, [head]: rest.length === 0 ? value : withMember(objectOf(target[head]), rest, value) };
}

function listIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
