/** A container in the older form of the API and in the newer one, both ways. Pure. */
import { err, ok, type Result } from "../../core/values/result.ts";
import { type JsonObject, objectOf, objectsOf, textOf, textsOf } from "./read-json.ts";
import type { SecretNames } from "./secret-names.ts";

/** Members that both forms write alike. */
const ALIKE = ["command", "args", "workingDir", "startupProbe", "livenessProbe", "readinessProbe"] as const;
/** All that the older form may say. */
const MEMBERS: readonly string[] = ["image", "name", "env", "ports", "resources", "volumeMounts", ...ALIKE];

/** The older form. */
export function knativeContainer(
  container: JsonObject,
  { secrets, mounts }: { readonly secrets: SecretNames; readonly mounts: readonly JsonObject[] },
): JsonObject {
  const { image, name, ports, resources } = container;
  return {
    image,
    ...(textOf(name) === "" ? {} : { name }),
    ...given(container, ALIKE),
    ...(ports === undefined ? {} : { ports }),
    env: objectsOf(container.env).map((variable) => knativeVariable(variable, secrets)),
    resources: { limits: textsOf(objectOf(resources).limits) },
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
  };
}

/** The newer form, but for what annotations say. Errors are for the client. */
export function readContainer(container: JsonObject, secrets: SecretNames): Result<JsonObject, string> {
  const unknown = Object.keys(container).find((name) => !MEMBERS.includes(name) && !isNothing(container[name]));
  if (unknown !== undefined) return err(`${unknown} is not there in the embedded Cloud Run.`);
  const { image, name, resources } = container;
  const { limits, requests } = objectOf(resources);
  if (!isNothing(requests)) return err("resources.requests is not there in the embedded Cloud Run.");
  const list = (["command", "args"] as const).find((each) => !isTexts(container[each]));
  if (list !== undefined) return err(`${list} must be a list of texts.`);
  const env: JsonObject[] = [];
  for (const variable of objectsOf(container.env)) {
    const read = readVariable(variable, secrets);
    if (!read.ok) return read;
    env.push(read.value);
  }
  return ok({
    image: textOf(image),
    ...(textOf(name) === "" ? {} : { name }),
    ...given(container, ALIKE),
    ...given(container, ["ports"]),
    ...(env.length === 0 ? {} : { env }),
    ...(isNothing(limits) ? {} : { resources: { limits: textsOf(limits) } }),
  });
}

/** Whether a member says nothing: gcloud sends empty ones. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function given(source: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (isNothing(source[name]) ? [] : [[name, source[name]]])));
}

function isTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((item) => typeof item === "string"));
}

function knativeVariable(variable: JsonObject, secrets: SecretNames): JsonObject {
  const reference = objectOf(objectOf(variable.valueSource).secretKeyRef);
  if (reference.secret === undefined) return { name: variable.name, value: textOf(variable.value) };
  const key = textOf(reference.version) === "" ? "latest" : textOf(reference.version);
  return { name: variable.name, valueFrom: { secretKeyRef: { name: secrets.short(textOf(reference.secret)), key } } };
}

function readVariable({ name, value, valueFrom }: JsonObject, secrets: SecretNames): Result<JsonObject, string> {
  if (isNothing(valueFrom)) {
    if (value !== undefined && typeof value !== "string") return err(`env: the value of ${textOf(name)} must be text.`);
    return ok({ name: textOf(name), value: textOf(value) });
  }
  const { name: secret, key } = objectOf(objectOf(valueFrom).secretKeyRef);
  if (textOf(secret) === "") return err(`env: ${textOf(name)}: only valueFrom.secretKeyRef is there.`);
  const secretKeyRef = { secret: secrets.full(textOf(secret)), version: textOf(key) || "latest" };
  return ok({ name: textOf(name), valueSource: { secretKeyRef } });
}
