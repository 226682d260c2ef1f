/** Names of secrets: short in the older form of the API, where an annotation has those of other projects. Pure. */
import { type JsonObject, objectOf, objectsOf, textOf } from "./read-json.ts";

/** The annotation `alias:projects/P/secrets/S,…`. */
export const SECRETS_ANNOTATION = "run.googleapis.com/secrets";

/** How a template names its secrets. */
export interface SecretNames {
  /** The short name, or the alias, of a secret of the newer form. */
  readonly short: (secret: string) => string;
  /** The newer form's name of a short name or an alias. */
  readonly full: (name: string) => string;
}

/** What an annotation says. */
export function aliasesIn(annotation: string): SecretNames {
  const aliases = new Map(
    annotation.split(",").flatMap((entry) => {
      const at = entry.indexOf(":");
      return at < 0 ? [] : [[entry.slice(0, at).trim(), entry.slice(at + 1).trim()] as const];
    }),
  );
  return { full: (name) => aliases.get(name) ?? name, short: (secret) => lastPart(secret) };
}

/** The names for a template of a project, and the annotation that gives them back. */
export function aliasesFor(
  template: JsonObject,
  project: string,
): SecretNames & { readonly annotations: Readonly<Record<string, string>> } {
  const foreign = [...new Set(secretsOf(template))].filter(
    (secret) => secret.includes("/") && !secret.startsWith(`projects/${project}/`),
  );
  const aliases = new Map(foreign.map((secret, index) => [secret, `${lastPart(secret)}-${index + 1}`]));
  const text = [...aliases].map(([secret, alias]) => `${alias}:${secret}`).join(",");
  return {
    short: (secret) => aliases.get(secret) ?? lastPart(secret),
    full: (name) => name,
    annotations: text === "" ? {} : { [SECRETS_ANNOTATION]: text },
  };
}

function secretsOf(template: JsonObject): readonly string[] {
  const variables = objectsOf(template.containers).flatMap(({ env }) => objectsOf(env));
  return [
    ...variables.map(({ valueSource }) => textOf(objectOf(objectOf(valueSource).secretKeyRef).secret)),
    ...objectsOf(template.volumes).map(({ secret }) => textOf(objectOf(secret).secret)),
  ];
}

function lastPart(name: string): string {
  return name.split("/").at(-1) ?? "";
}
