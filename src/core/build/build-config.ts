/**
 * A build configuration in Cloud Build's own words (camelCase, as in its REST API), after parsing. Only input fields;
 * what a run adds is in the build's state. Facts: Google's proto `google.devtools.cloudbuild.v1.Build`.
 */
export interface BuildConfig {
  readonly steps: readonly BuildStep[];
  readonly substitutions?: Readonly<Record<string, string>>;
  readonly options?: BuildOptions;
  readonly images?: readonly string[];
  readonly tags?: readonly string[];
  /** Durations as Cloud Build writes them: `600s`. */
  readonly timeout?: string;
  readonly queueTtl?: string;
  readonly serviceAccount?: string;
  readonly logsBucket?: string;
  readonly availableSecrets?: {
    readonly secretManager?: readonly { readonly versionName: string; readonly env: string }[];
    /** Values encrypted with a key of Cloud KMS, as base64 by name. */
    readonly inline?: readonly { readonly kmsKeyName?: string; readonly envMap?: Readonly<Record<string, string>> }[];
  };
  /** The older form of encrypted values. */
  readonly secrets?: readonly {
    readonly kmsKeyName?: string;
    readonly secretEnv?: Readonly<Record<string, string>>;
  }[];
  readonly artifacts?: {
    readonly images?: readonly string[];
    readonly objects?: { readonly location: string; readonly paths: readonly string[] };
    readonly mavenArtifacts?: readonly PublishedPackage[];
    readonly pythonPackages?: readonly PublishedPackage[];
  };
  /** One of Cloud Build's sources (`gitSource`, `storageSource`, …), kept as it was given. */
  readonly source?: Readonly<Record<string, unknown>>;
}

/** A package that goes to a repository; its other fields are kept as they were given. */
export interface PublishedPackage {
  readonly repository?: string;
}

export interface BuildStep {
  readonly name: string;
  readonly id?: string;
  readonly entrypoint?: string;
  readonly args?: readonly string[];
  readonly script?: string;
  readonly env?: readonly string[];
  readonly secretEnv?: readonly string[];
  readonly dir?: string;
  readonly waitFor?: readonly string[];
  readonly timeout?: string;
  readonly allowFailure?: boolean;
  readonly allowExitCodes?: readonly number[];
  readonly automapSubstitutions?: boolean;
  readonly volumes?: readonly BuildVolume[];
}

export interface BuildOptions {
  readonly logging?: string;
  readonly machineType?: string;
  readonly substitutionOption?: "MUST_MATCH" | "ALLOW_LOOSE";
  readonly dynamicSubstitutions?: boolean;
  readonly automapSubstitutions?: boolean;
  readonly env?: readonly string[];
  readonly secretEnv?: readonly string[];
  readonly volumes?: readonly BuildVolume[];
  readonly pool?: { readonly name: string };
  readonly diskSizeGb?: number;
  readonly defaultLogsBucketBehavior?: string;
}

/** A folder that steps share beside `/workspace`: by name, each at a path of its own. */
export interface BuildVolume {
  readonly name: string;
  readonly path: string;
}

/** Cloud Build's states of a build and of a step. */
export type BuildStatus =
  | "PENDING"
  | "QUEUED"
  | "WORKING"
  | "SUCCESS"
  | "FAILURE"
  | "INTERNAL_ERROR"
  | "TIMEOUT"
  | "CANCELLED"
  | "EXPIRED";
