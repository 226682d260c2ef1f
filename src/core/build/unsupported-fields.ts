import type { BuildConfig } from "./build-config.ts";

/** Fields that Cloud Build acts on and the embedded engine does not: refused, since ignoring them would be a lie. */
const UNSUPPORTED: readonly (readonly string[])[] = [
  ["artifacts", "mavenArtifacts"],
  ["artifacts", "pythonPackages"],
  ["artifacts", "npmPackages"],
  ["artifacts", "goModules"],
  ["availableSecrets", "inline"],
  ["dependencies"],
  ["gitConfig"],
  ["secrets"],
];

/** The fields of the configuration that the embedded engine does not carry out, such as `.artifacts.npmPackages`. */
export function unsupportedFields(config: BuildConfig): readonly string[] {
  return UNSUPPORTED.filter((path) => {
    const value = path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), config);
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  }).map((path) => `.${path.join(".")}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
