/** Services of the older form, as `gcloud run` writes them, read into the newer one. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { OF_SERVICE, readHeld } from "./knative-annotations.ts";
import { LOCATION_LABEL } from "./knative-json.ts";
import { readTemplate } from "./knative-template.ts";
import { type JsonObject, objectOf, textOf, textsOf } from "./read-json.ts";

/** Annotations that a server writes: a client that gives them back does not set them. */
const OUTPUT: readonly string[] = [
  "serving.knative.dev/creator",
  "serving.knative.dev/lastModifier",
  "run.googleapis.com/creator",
  "run.googleapis.com/lastModifier",
  "run.googleapis.com/operation-id",
  "run.googleapis.com/ingress-status",
  "run.googleapis.com/urls",
];

/**
 * The body of a change that replaces the whole service; `current` is the newer form of what is there. Its etag is the
 * version that the client read. Errors are for the client.
 */
export function readKnativeService(
  body: JsonObject,
  current: JsonObject | undefined,
  project: string,
): Result<JsonObject, string> {
  const { template, traffic } = objectOf(body.spec);
  const metadata = readMetadata(body, { kind: "Service", project });
  if (!metadata.ok) return metadata;
  const held = readHeld(OF_SERVICE, metadata.value.annotations);
  if (!held.ok) return held;
  const { metadata: meta, spec } = objectOf(template);
  const asked = { metadata: objectOf(meta), spec: objectOf(spec) };
  const read = readTemplate(asked, current === undefined ? undefined : objectOf(current.template), project);
  if (!read.ok) return read;
  const entries = readEntries(traffic);
  if (!entries.ok) return entries;
  const policy = current?.binaryAuthorization; // the older form has no place for all of it
  return ok({
    ...(policy === undefined ? {} : { binaryAuthorization: policy }),
    ...held.value.members,
    labels: metadata.value.labels,
    annotations: held.value.others,
    etag: metadata.value.version,
    template: read.value,
    traffic: entries.value,
  });
}

/** The part of `metadata` that a client sets. Errors are for the client. */
export function readMetadata(
  body: JsonObject,
  { kind, project }: { readonly kind: string; readonly project: string },
): Result<{ readonly labels: JsonObject; readonly annotations: JsonObject; readonly version: string }, string> {
  if (body.kind !== undefined && body.kind !== kind) return err(`kind: must be ${kind}.`);
  const { namespace, labels, annotations, resourceVersion } = objectOf(body.metadata);
  if (namespace !== undefined && namespace !== project) return err(`metadata.namespace: must be '${project}'.`);
  const without = (map: unknown, names: readonly string[]) =>
    Object.fromEntries(Object.entries(textsOf(map)).filter(([name]) => !names.includes(name)));
  return ok({
    labels: without(labels, [LOCATION_LABEL]),
    annotations: without(annotations, OUTPUT),
    version: textOf(resourceVersion),
  });
}

function readEntries(traffic: unknown): Result<readonly JsonObject[], string> {
  if (traffic !== undefined && !Array.isArray(traffic)) return err("spec.traffic: must be a list.");
  const entries: JsonObject[] = [];
  for (const [index, entry] of (traffic ?? []).map(objectOf).entries()) {
    const { revisionName, latestRevision, percent, tag } = entry;
    const revision = textOf(revisionName);
    if ((latestRevision === true) === (revision !== "")) {
      return err(`spec.traffic[${index}]: must name either a revision or the latest one.`);
    }
    const named =
      revision === ""
        ? { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" }
        : { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision };
    entries.push({ ...named, percent: percent ?? 0, ...(textOf(tag) === "" ? {} : { tag }) });
  }
  return ok(entries);
}
