/** What an instance is started with, read from a revision's template. Pure but for the secrets it is handed. */
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Secret } from "../../core/values/secret.ts";
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from "./read-json.ts";

/** Cloud Run's longest start, for a container without a probe of its own. */
const USUAL_START_MS = 240_000;

/** Cloud Run's limit of a request where a template names none. */
const USUAL_REQUEST_MS = 300_000;
/** Instances of one revision, at most: this is one machine. */
const MAX_INSTANCES = 20;

/** How it is seen that an instance is ready. */
export interface StartupProbe {
  /** Undefined: a TCP connection is enough. */
  readonly path: string | undefined;
  readonly withinMs: number;
}

/** A variable whose value is a version of a secret. */
export interface SecretReference {
  readonly variable: string;
  readonly project: string;
  readonly secret: string;
  readonly version: string;
}

export interface InstanceSpec {
  readonly image: string;
  /** E-mail of the account that it runs as; empty for the project's own choice. */
  readonly account: string;
  /** Empty where the image's own command is used. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretReference[];
  readonly probe: StartupProbe;
}

/** Reads the first container of a template: a second one is refused when the template comes in. */
export function instanceSpec(template: JsonObject, project: string): InstanceSpec {
  const container = objectsOf(template.containers)[0] ?? {};
  const variables = objectsOf(container.env);
  return {
    image: textOf(container.image),
    account: textOf(template.serviceAccount),
    command: listOf(container.command),
    args: listOf(container.args),
    env: Object.fromEntries(
      variables.filter((v) => referenceOf(v) === undefined).map((v) => [textOf(v.name), textOf(v.value)]),
    ),
    secrets: variables.flatMap((variable) => {
      const reference = referenceOf(variable);
      if (reference === undefined) return [];
      // Short name, or projects/P/secrets/S.
      const parts = /^projects\/([^/]+)\/secrets\/([^/]+)$/.exec(textOf(reference.secret));
      const [, owner = project, secret = textOf(reference.secret)] = parts ?? [];
      const version = textOf(reference.version) || "latest";
      return [{ variable: textOf(variable.name), project: owner, secret, version }];
    }),
    probe: probeOf(objectOf(container.startupProbe)),
  };
}

/** How many instances a revision has while it has any: what `minInstanceCount` says, from 1 to 20. */
export function instanceCount(template: JsonObject): number {
  const { minInstanceCount, maxInstanceCount } = objectOf(template.scaling);
  const most = Math.min(numberOf(maxInstanceCount) || MAX_INSTANCES, MAX_INSTANCES);
  return Math.max(1, Math.min(numberOf(minInstanceCount) ?? 0, most));
}

/** Whether instances run without any request, and so are started again with the cloud. */
export function isAlwaysOn(template: JsonObject): boolean {
  return (numberOf(objectOf(template.scaling).minInstanceCount) ?? 0) > 0;
}

/** How long a request, and the drain of an instance, may take. */
export function requestTimeoutMs(template: JsonObject): number {
  return durationMs(template.timeout) ?? USUAL_REQUEST_MS;
}

/** A duration of proto JSON such as `1.5s`; undefined for anything else. */
export function durationMs(value: unknown): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(textOf(value))?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** What a template lacks or has too much of, in words for the client; undefined where it can be run. */
export function templateFault(template: JsonObject): string | undefined {
  const containers = objectsOf(template.containers);
  const [container] = containers;
  if (container === undefined) return "template.containers: must contain exactly one container.";
  if (containers.length > 1) return "template.containers: the embedded cloud runs one container per revision.";
  if (textOf(container.image) === "") return "template.containers[0].image: must not be empty.";
  const { failureThreshold, periodSeconds } = objectOf(container.startupProbe);
  if ((numberOf(failureThreshold) ?? 0) * (numberOf(periodSeconds) ?? 0) * 1_000 > USUAL_START_MS) {
    return "template.containers[0].startupProbe: failureThreshold times periodSeconds must be at most 240.";
  }
  const names = objectsOf(container.env).map(({ name }) => textOf(name));
  const reserved = names.find((name) => ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"].includes(name));
  if (reserved !== undefined) {
    return `template.containers[0].env: The following reserved env names were provided: ${reserved}.`;
  }
  const invalid = names.find((name) => name === "" || /[=\0]/.test(name));
  if (invalid !== undefined) return `template.containers[0].env: "${invalid}" is no name of a variable.`;
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `template.containers[0].env: ${twice} is there twice.`;
}

/** A version of a secret, and who reads it. */
export interface SecretAccess extends Omit<SecretReference, "variable"> {
  /** The account that the instance runs as; empty where its template names none. */
  readonly account: string;
  /** Project of the service or the job. */
  readonly of: string;
}

/** Reads a secret's version: `unknown` where it is not there, `denied` where the account may not read it. */
export type AccessSecret = (asked: SecretAccess) => Promise<Secret | "unknown" | "denied">;

/** The values of all secret variables; the error names every version that cannot be read. */
export async function resolveSecrets(
  { secrets, account }: Pick<InstanceSpec, "secrets" | "account">,
  of: string,
  access: AccessSecret,
): Promise<Result<ReadonlyMap<string, Secret>, string>> {
  const values = new Map<string, Secret>();
  const missing: string[] = [];
  for (const { variable, ...reference } of secrets) {
    const value = await access({ ...reference, account, of });
    const { project, secret, version } = reference;
    const name = `projects/${project}/secrets/${secret}/versions/${version}`;
    if (value === "denied") missing.push(deniedText(name, account));
    else if (value === "unknown") {
      missing.push(`spec.template.containers[0].env: ${variable}: Secret ${name} was not found`);
    } else values.set(variable, value);
  }
  return missing.length === 0 ? ok(values) : err(missing.join("\n"));
}

/** Cloud Run's own words. */
function deniedText(name: string, account: string): string {
  const who = account === "" ? "its default service account" : `service account ${account}`;
  return `Permission denied on secret: ${name} for Revision ${who}. The service account used must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level.`;
}

function referenceOf(variable: JsonObject): JsonObject | undefined {
  const reference = objectOf(objectOf(variable.valueSource).secretKeyRef);
  return textOf(reference.secret) === "" ? undefined : reference;
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

function probeOf(probe: JsonObject): StartupProbe {
  const isThere = Object.keys(probe).length > 0;
  if (!isThere) return { path: undefined, withinMs: USUAL_START_MS };
  // Google's defaults of the probe's members.
  const seconds = (numberOf(probe.failureThreshold) || 3) * (numberOf(probe.periodSeconds) || 10);
  const delay = numberOf(probe.initialDelaySeconds) ?? 0;
  const http = probe.httpGet === undefined ? undefined : objectOf(probe.httpGet);
  return {
    path: http === undefined ? undefined : textOf(http.path) || "/",
    withinMs: Math.min((seconds + delay) * 1_000, USUAL_START_MS),
  };
}
