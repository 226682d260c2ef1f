/** What a client asks of a service: reading a body, and laying a patch over what is there. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { templateFault } from "./instance-spec.ts";
import { type JsonObject, objectOf, textOf, textsOf } from "./read-json.ts";
import type { StoredService } from "./resources.ts";
import { keptTemplate, withEnumNames } from "./service-json.ts";
import { readTraffic, type TrafficTarget } from "./traffic.ts";

/** Settings besides template and traffic that are kept and given back; everything else in a body is output. */
const SETTINGS = [
  "description",
  "client",
  "clientVersion",
  "ingress",
  "launchStage",
  "binaryAuthorization",
  "scaling",
  "invokerIamDisabled",
  "defaultUriDisabled",
  "customAudiences",
  "iapEnabled",
] as const;
const SPEC: readonly string[] = ["labels", "annotations", "template", "traffic", ...SETTINGS];

/** The part of a service that clients set. */
export interface ServiceSpec {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly template: JsonObject;
  readonly traffic: readonly TrafficTarget[];
  readonly settings: JsonObject;
}

/** Reads a whole body; errors are for the client. */
export function readSpec(body: JsonObject): Result<ServiceSpec, string> {
  const template = keptTemplate(body.template);
  const fault = templateFault(template);
  if (fault !== undefined) return err(fault);
  const traffic = readTraffic(body.traffic);
  if (!traffic.ok) return traffic;
  const settings = SETTINGS.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]);
  return ok({
    labels: textsOf(body.labels),
    annotations: textsOf(body.annotations),
    template,
    traffic: traffic.value,
    settings: withEnumNames(Object.fromEntries(settings)),
  });
}

/**
 * Lays a patch over a service: the fields of the mask, at any depth, or all where there is no mask. A field that the
 * mask names and the body lacks is cleared.
 */
export function patchedSpec(
  current: StoredService,
  body: JsonObject,
  mask: readonly string[],
): Result<ServiceSpec, string> {
  if (mask.length === 0 || mask.includes("*")) return readSpec(body);
  const unknown = mask.find((path) => !SPEC.includes(path.split(".")[0] ?? ""));
  if (unknown !== undefined) return err(`updateMask: ${unknown} is no field that can be updated.`);
  const { settings, labels, annotations, template, traffic } = current;
  const before: JsonObject = { ...settings, labels, annotations, template, traffic };
  return readSpec(overlaid(before, body, mask));
}

/** An object with the fields of a mask taken from another; one that is not there is cleared. */
export function overlaid(before: JsonObject, body: JsonObject, mask: readonly string[]): JsonObject {
  return mask.reduce((merged, path) => replaced(merged, body, path.split(".")), before);
}

/** `updateMask` as a list of paths in camelCase; some clients write snake_case. */
export function readMask(text: string): readonly string[] {
  const paths = text.split(",").filter((path) => path !== "");
  return paths.map((path) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

/** The name of the revision that a template asks for; undefined where the cloud is to choose one. */
export function revisionAsked(template: JsonObject): string | undefined {
  return textOf(template.revision) || undefined;
}

function replaced(target: JsonObject, source: JsonObject, [head = "", ...rest]: readonly string[]): JsonObject {
  const value = rest.length === 0 ? source[head] : replaced(objectOf(target[head]), objectOf(source[head]), rest);
  const { [head]: _, ...others } = target;
  return value === undefined ? others : { ...others, [head]: value };
}
