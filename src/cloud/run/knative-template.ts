/** A revision's or a task's template in the older form of the API and in the newer one, both ways. Pure. */
import { canonicalJson } from "../../core/values/digest.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { durationMs } from "./instance-spec.ts";
import { OF_CONTAINER, OF_TEMPLATE, readHeld, writeHeld } from "./knative-annotations.ts";
import { isNothing, knativeContainer, readContainer } from "./knative-container.ts";
import { knativeMounts, knativeVolumes, readVolumes } from "./knative-volumes.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, textOf, textsOf } from "./read-json.ts";
import { aliasesFor, aliasesIn, SECRETS_ANNOTATION } from "./secret-names.ts";

/** A template of the older form. */
export interface KnativeTemplate {
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
}

/** Members of `spec` that may be there; what else is not empty is refused. */
const SPEC: readonly string[] = [
  "containers",
  "volumes",
  "containerConcurrency",
  "timeoutSeconds",
  "serviceAccountName",
  "maxRetries",
];
/** Members of the newer form that the older one can say; a change keeps the others. */
const HELD: readonly string[] = [
  "revision",
  "labels",
  "annotations",
  "containers",
  "volumes",
  "timeout",
  "serviceAccount",
  "maxInstanceRequestConcurrency",
  "maxRetries",
  "vpcAccess",
  ...OF_TEMPLATE.map(([, [member = ""]]) => member),
];

/** The older form of a template of a project. */
export function knativeTemplate(template: JsonObject, project: string): KnativeTemplate {
  const [container = {}] = objectsOf(template.containers);
  const secrets = aliasesFor(template, project);
  const { volumes, annotations } = knativeVolumes(template, secrets);
  const revision = textOf(template.revision);
  const timeout = durationMs(template.timeout);
  return {
    metadata: {
      ...(revision === "" ? {} : { name: revision }),
      labels: textsOf(template.labels),
      annotations: {
        ...textsOf(template.annotations),
        ...writeHeld(OF_TEMPLATE, template),
        ...writeHeld(OF_CONTAINER, container),
        ...annotations,
        ...secrets.annotations,
      },
    },
    spec: {
      containerConcurrency: numberOf(template.maxInstanceRequestConcurrency),
      maxRetries: numberOf(template.maxRetries),
      timeoutSeconds: timeout === undefined ? undefined : Math.ceil(timeout / 1_000),
      serviceAccountName: template.serviceAccount,
      containers: objectsOf(template.containers).map((each) =>
        knativeContainer(each, { secrets, mounts: knativeMounts(template, each) }),
      ),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/**
 * The newer form; `current` is what is there before. Where the client gives back what it read, that stays to the letter:
 * then there is no new revision. Errors are for the client.
 */
export function readTemplate(
  asked: KnativeTemplate,
  current: JsonObject | undefined,
  project: string,
): Result<JsonObject, string> {
  const read = readAll(asked);
  if (!read.ok || current === undefined) return read;
  const same = readAll(knativeTemplate(current, project));
  if (same.ok && canonicalJson(same.value) === canonicalJson(read.value)) return ok(current);
  const unsaid = Object.entries(current).filter(([name]) => !HELD.includes(name));
  return ok({ ...Object.fromEntries(unsaid), ...read.value });
}

function readAll({ metadata, spec }: KnativeTemplate): Result<JsonObject, string> {
  const unknown = Object.keys(spec).find((name) => !SPEC.includes(name) && !isNothing(spec[name]));
  if (unknown !== undefined) return err(`spec.template.spec.${unknown}: is not there in the embedded Cloud Run.`);
  const containers = objectsOf(spec.containers);
  if (containers.length !== 1) return err("spec.template.spec.containers: must contain exactly one container.");
  const held = readHeld([...OF_TEMPLATE, ...OF_CONTAINER.map(onContainer)], metadata.annotations);
  if (!held.ok) return err(`spec.template.${held.error}`);
  const { container: onIt, ...members } = held.value.members;
  const { connector, networkInterfaces } = objectOf(members.vpcAccess);
  if (connector !== undefined && networkInterfaces !== undefined) {
    return err("spec.template: a VPC connector and network interfaces cannot be set both.");
  }
  const { [SECRETS_ANNOTATION]: aliases = "", ...texts } = held.value.others;
  const secrets = aliasesIn(aliases);
  const [own = {}] = containers;
  const container = readContainer(own, secrets);
  if (!container.ok) return err(`spec.template.spec.containers[0]: ${container.error}`);
  const volumes = readVolumes({ volumes: spec.volumes, mounts: own.volumeMounts }, texts, secrets);
  if (!volumes.ok) return volumes;
  const numbers = readNumbers(spec);
  if (!numbers.ok) return numbers;
  const resources = { ...objectOf(container.value.resources), ...objectOf(objectOf(onIt).resources) };
  const { others, mounts } = volumes.value;
  return ok({
    ...members,
    ...numbers.value,
    ...(textOf(metadata.name) === "" ? {} : { revision: metadata.name }),
    ...(isNothing(metadata.labels) ? {} : { labels: textsOf(metadata.labels) }),
    ...(isNothing(others) ? {} : { annotations: others }),
    ...(textOf(spec.serviceAccountName) === "" ? {} : { serviceAccount: spec.serviceAccountName }),
    ...(volumes.value.volumes.length === 0 ? {} : { volumes: volumes.value.volumes }),
    containers: [
      {
        ...container.value,
        ...(isNothing(resources) ? {} : { resources }),
        ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
      },
    ],
  });
}

function readNumbers(spec: JsonObject): Result<JsonObject, string> {
  const { containerConcurrency, timeoutSeconds, maxRetries } = spec;
  for (const [name, value] of Object.entries({ containerConcurrency, timeoutSeconds, maxRetries })) {
    const number = numberOf(value) ?? -1;
    if (value !== undefined && (!Number.isInteger(number) || number < 0 || number > 1_000_000)) {
      return err(`spec.template.spec.${name}: must be a whole number from 0.`);
    }
  }
  return ok({
    ...(containerConcurrency === undefined ? {} : { maxInstanceRequestConcurrency: numberOf(containerConcurrency) }),
    ...(timeoutSeconds === undefined ? {} : { timeout: `${numberOf(timeoutSeconds)}s` }),
    ...(maxRetries === undefined ? {} : { maxRetries: numberOf(maxRetries) }),
  });
}

function onContainer([annotation, path, spelling]: (typeof OF_CONTAINER)[number]): (typeof OF_CONTAINER)[number] {
  return [annotation, ["container", ...path], spelling];
}
