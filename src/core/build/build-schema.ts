/**
 * The fields of a build configuration as data: one table for the file and for the API. Source: Google's proto
 * `google.devtools.cloudbuild.v1`. What only Google's server fills in is `output`: accepted and left out.
 */
export type FieldKind =
  | { readonly kind: "string" | "boolean" | "duration" | "string-map" | "output" | "opaque" }
  | { readonly kind: "integer"; readonly bits: 32 | 64 }
  | { readonly kind: "list"; readonly of: FieldKind }
  | { readonly kind: "enum"; readonly name: string; readonly values: Readonly<Record<string, number>> }
  | Message;

/** `name` is the message's type in Go, which Google's messages about trigger files show: `cloudbuild.BuildStep`. */
export interface Message {
  readonly kind: "message";
  readonly name: string;
  readonly fields: Fields;
}

/** Field name in camelCase → what stands there. */
export type Fields = Readonly<Record<string, FieldKind>>;

/** The kinds of fields, by which the tables of builds and triggers are written. */
export const FIELD = {
  string: { kind: "string" },
  boolean: { kind: "boolean" },
  duration: { kind: "duration" },
  map: { kind: "string-map" },
  output: { kind: "output" },
  /** Kept as it stands: nothing here looks into it. */
  opaque: { kind: "opaque" },
  integer: (bits: 32 | 64) => ({ kind: "integer", bits }),
  list: (of: FieldKind) => ({ kind: "list", of }),
  message: (name: string, fields: Fields): Message => ({ kind: "message", name, fields }),
  choice: (name: string, values: Readonly<Record<string, number>>) => ({ kind: "enum", name, values }),
} as const satisfies Record<string, FieldKind | ((...given: never[]) => FieldKind)>;

const { string, boolean, duration, map, output, opaque, integer, list, message, choice } = FIELD;

const VOLUMES = list(message("Volume", { name: string, path: string }));

const STEP = message("BuildStep", {
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
  allowExitCodes: list(integer(32)),
  automapSubstitutions: boolean,
  volumes: VOLUMES,
  timing: output,
  pullTiming: output,
  status: output,
  exitCode: output,
  results: output,
});

const OPTIONS = message("BuildOptions", {
  logging: choice("BuildOptions_LoggingMode", {
    LOGGING_UNSPECIFIED: 0,
    LEGACY: 1,
    GCS_ONLY: 2,
    STACKDRIVER_ONLY: 3,
    NONE: 4,
    CLOUD_LOGGING_ONLY: 5,
  }),
  machineType: choice("BuildOptions_MachineType", {
    UNSPECIFIED: 0,
    N1_HIGHCPU_8: 1,
    N1_HIGHCPU_32: 2,
    E2_HIGHCPU_8: 5,
    E2_HIGHCPU_32: 6,
    E2_MEDIUM: 7,
    E2_STANDARD_2: 8,
  }),
  substitutionOption: choice("BuildOptions_SubstitutionOption", { MUST_MATCH: 0, ALLOW_LOOSE: 1 }),
  dynamicSubstitutions: boolean,
  automapSubstitutions: boolean,
  env: list(string),
  secretEnv: list(string),
  volumes: VOLUMES,
  diskSizeGb: integer(64),
  logStreamingOption: choice("BuildOptions_LogStreamingOption", { STREAM_DEFAULT: 0, STREAM_ON: 1, STREAM_OFF: 2 }),
  requestedVerifyOption: choice("BuildOptions_VerifyOption", { NOT_VERIFIED: 0, VERIFIED: 1 }),
  sourceProvenanceHash: list(choice("Hash_HashType", { NONE: 0, SHA256: 1, MD5: 2, GO_MODULE_H1: 3, SHA512: 4 })),
  defaultLogsBucketBehavior: choice("BuildOptions_DefaultLogsBucketBehavior", {
    DEFAULT_LOGS_BUCKET_BEHAVIOR_UNSPECIFIED: 0,
    REGIONAL_USER_OWNED_BUCKET: 1,
    LEGACY_BUCKET: 2,
  }),
  enableStructuredLogging: boolean,
  workerPool: string,
  pool: message("BuildOptions_PoolOption", { name: string }),
  pubsubTopic: string,
});

const ARTIFACTS = message("Artifacts", {
  images: list(string),
  objects: message("Artifacts_ArtifactObjects", { location: string, paths: list(string), timing: output }),
  mavenArtifacts: list(
    message("Artifacts_MavenArtifact", {
      repository: string,
      path: string,
      artifactId: string,
      groupId: string,
      version: string,
    }),
  ),
  pythonPackages: list(message("Artifacts_PythonPackage", { repository: string, paths: list(string) })),
  npmPackages: list(message("Artifacts_NpmPackage", { repository: string, packagePath: string })),
  goModules: list(
    message("Artifacts_GoModule", {
      repositoryName: string,
      repositoryLocation: string,
      repositoryProjectId: string,
      sourcePath: string,
      modulePath: string,
      moduleVersion: string,
    }),
  ),
});

const DEPENDENCY = message("Dependency", {
  empty: boolean,
  gitSource: message("Dependency_GitSourceDependency", {
    repository: message("Dependency_GitSourceRepository", { url: string, developerConnect: string }),
    revision: string,
    recurseSubmodules: boolean,
    depth: integer(64),
    destPath: string,
  }),
});

/** A build: the root of a configuration file, and the body of a create call. */
export const BUILD = message("Build", {
  steps: list(STEP),
  substitutions: map,
  options: OPTIONS,
  images: list(string),
  tags: list(string),
  timeout: duration,
  queueTtl: duration,
  serviceAccount: string,
  logsBucket: string,
  availableSecrets: message("Secrets", {
    secretManager: list(message("SecretManagerSecret", { versionName: string, env: string })),
    inline: list(message("InlineSecret", { kmsKeyName: string, envMap: map })),
  }),
  artifacts: ARTIFACTS,
  source: opaque,
  secrets: list(message("Secret", { kmsKeyName: string, secretEnv: map })),
  gitConfig: message("GitConfig", { http: message("GitConfig_HttpConfig", { proxySecretVersionName: string }) }),
  dependencies: list(DEPENDENCY),
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
});

/** Fields whose keys belong to the user: never renamed from snake_case. */
export const VERBATIM_MAPS: ReadonlySet<string> = new Set(["secretEnv", "substitutions", "envMap"]);

/** `wait_for` → `waitFor`, as gcloud does it; a key without `_` stays as it is. */
export function camelCase(key: string): string {
  const [first = "", ...rest] = key.split("_");
  return first + rest.map((part) => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase()).join("");
}

/** `waitFor` → `wait_for`: the name in the proto, which proto3 JSON takes beside the camelCase one. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
