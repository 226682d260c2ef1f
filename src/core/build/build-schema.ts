/**
 * The fields of a build configuration as data: one table for the file and for the API. Source: Google's proto
 * `google.devtools.cloudbuild.v1`. What only Google's server fills in is `output`: accepted and left out.
 */
export type FieldKind =
  | { readonly kind: "string" | "boolean" | "integer" | "duration" | "string-map" | "output" | "opaque" }
  | { readonly kind: "list"; readonly of: FieldKind }
  | { readonly kind: "enum"; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: "message"; readonly fields: Fields };

/** Field name in camelCase → what stands there. */
export type Fields = Readonly<Record<string, FieldKind>>;

const string: FieldKind = { kind: "string" };
const boolean: FieldKind = { kind: "boolean" };
const integer: FieldKind = { kind: "integer" };
const duration: FieldKind = { kind: "duration" };
const map: FieldKind = { kind: "string-map" };
const output: FieldKind = { kind: "output" };
/** Kept as it stands: nothing here looks into it. */
const opaque: FieldKind = { kind: "opaque" };
const list = (of: FieldKind): FieldKind => ({ kind: "list", of });
const message = (fields: Fields): FieldKind => ({ kind: "message", fields });
const choice = (values: Readonly<Record<string, number>>): FieldKind => ({ kind: "enum", values });

const VOLUMES = list(message({ name: string, path: string }));

const STEP: Fields = {
  name: string,
  id: string,
  entrypoint: string,
  args: list(string),
  script: string,
  env: list(string),
  secretEnv: list(string),
  dir: string,
  waitFor: list(string),
  timeout: duration,
  allowFailure: boolean,
  allowExitCodes: list(integer),
  automapSubstitutions: boolean,
  volumes: VOLUMES,
  timing: output,
  pullTiming: output,
  status: output,
  exitCode: output,
  results: output,
};

const OPTIONS: Fields = {
  logging: choice({
    LOGGING_UNSPECIFIED: 0,
    LEGACY: 1,
    GCS_ONLY: 2,
    STACKDRIVER_ONLY: 3,
    NONE: 4,
    CLOUD_LOGGING_ONLY: 5,
  }),
  machineType: choice({
    UNSPECIFIED: 0,
    N1_HIGHCPU_8: 1,
    N1_HIGHCPU_32: 2,
    E2_HIGHCPU_8: 5,
    E2_HIGHCPU_32: 6,
    E2_MEDIUM: 7,
    E2_STANDARD_2: 8,
  }),
  substitutionOption: choice({ MUST_MATCH: 0, ALLOW_LOOSE: 1 }),
  dynamicSubstitutions: boolean,
  automapSubstitutions: boolean,
  env: list(string),
  secretEnv: list(string),
  volumes: VOLUMES,
  diskSizeGb: integer,
  logStreamingOption: choice({ STREAM_DEFAULT: 0, STREAM_ON: 1, STREAM_OFF: 2 }),
  requestedVerifyOption: choice({ NOT_VERIFIED: 0, VERIFIED: 1 }),
  sourceProvenanceHash: list(choice({ NONE: 0, SHA256: 1, MD5: 2, GO_MODULE_H1: 3, SHA512: 4 })),
  defaultLogsBucketBehavior: choice({
    DEFAULT_LOGS_BUCKET_BEHAVIOR_UNSPECIFIED: 0,
    REGIONAL_USER_OWNED_BUCKET: 1,
    LEGACY_BUCKET: 2,
  }),
  enableStructuredLogging: boolean,
  workerPool: string,
  pool: message({ name: string }),
  pubsubTopic: string,
};

/** A build: the root of a configuration file, and the body of a create call. */
export const BUILD_FIELDS: Fields = {
  steps: list(message(STEP)),
  substitutions: map,
  options: message(OPTIONS),
  images: list(string),
  tags: list(string),
  timeout: duration,
  queueTtl: duration,
  serviceAccount: string,
  logsBucket: string,
  availableSecrets: message({
    secretManager: list(message({ versionName: string, env: string })),
    inline: list(message({ kmsKeyName: string, envMap: map })),
  }),
  artifacts: message({
    images: list(string),
    objects: message({ location: string, paths: list(string), timing: output }),
    mavenArtifacts: opaque,
    pythonPackages: opaque,
    npmPackages: opaque,
    goModules: opaque,
  }),
  source: opaque,
  secrets: list(message({ kmsKeyName: string, secretEnv: map })),
  gitConfig: opaque,
  dependencies: opaque,
  name: output,
  id: output,
  projectId: output,
  status: output,
  statusDetail: output,
  logUrl: output,
  buildTriggerId: output,
  results: output,
  approval: output,
  createTime: output,
  startTime: output,
  finishTime: output,
  sourceProvenance: output,
  timing: output,
  warnings: output,
  failureInfo: output,
};

/** Messages whose keys belong to the user: never renamed from snake_case. */
export const VERBATIM_MAPS: ReadonlySet<string> = new Set(["secretEnv", "substitutions", "envMap"]);

/** `wait_for` → `waitFor`, as gcloud does it; a key without `_` stays as it is. */
export function camelCase(key: string): string {
  const [first = "", ...rest] = key.split("_");
  return first + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase()).join("");
}
