/**
 * What nobody outside Google knows for certain, or what Google has changed before, as one value. Every default says where
 * it comes from; docs/differences.md lists them for users. Functions take settings last, with these defaults.
 */
export interface BuildSettings {
  readonly limits: BuildLimits;
  /** A build that gives no `timeout`: 60 minutes by the proto's comment, 10 by older pages. */
  readonly defaultTimeoutMs: number;
  /** A build that gives no `queueTtl`; unsourced. */
  readonly defaultQueueTtlMs: number;
  /** What a build ends as after a step's own time limit: the archived local builder says FAILURE, and so the fold does. */
  readonly stepTimeoutEndsAs: "FAILURE" | "TIMEOUT";
  /** What a build ends as after its rejection: the proto does not say, the fold takes the word that a cancellation has. */
  readonly rejectionEndsAs: "CANCELLED" | "EXPIRED";
  /** Whether a key that is a variable by `automapSubstitutions`, and nothing else, was used. */
  readonly automappedKeys: "unused-with-warning" | "unused" | "used";
  /** Whether `logsBucket` is checked for keys: the archived local builder replaces them there and does not count them. */
  readonly logsBucketKeys: "unchecked" | "checked";
  /** Whether a built-in that the caller sets and no field uses is an unused key. */
  readonly unusedBuiltIns: "refused" | "accepted";
}

/** Most of each; lengths in characters. */
export interface BuildLimits {
  readonly steps: number;
  readonly args: number;
  /** Measured after substitution. */
  readonly argLength: number;
  readonly env: number;
  readonly envLength: number;
  readonly dirLength: number;
  readonly nameLength: number;
  readonly images: number;
  readonly imageLength: number;
  readonly tags: number;
  readonly substitutions: number;
  readonly substitutionKeyLength: number;
  readonly substitutionValueLength: number;
  /** What a dynamic value may become. */
  readonly resolvedValueLength: number;
  /** Work that all dynamic values of a build may be together, in characters looked at. */
  readonly expansionSteps: number;
  /** What substitutions may put into all fields of a build together. */
  readonly substitutedLength: number;
  readonly artifactPaths: number;
  readonly secrets: number;
  readonly secretBytes: number;
  readonly timeoutMs: number;
}

/** The defaults. Limits from the archived local builder, raised where a hosted one is known to be higher. */
export const BUILD_SETTINGS: BuildSettings = {
  limits: {
    steps: 300,
    args: 100,
    argLength: 10_000,
    env: 100,
    envLength: 65_536,
    dirLength: 1_000,
    nameLength: 1_000,
    images: 100,
    imageLength: 1_000,
    tags: 64,
    substitutions: 200,
    substitutionKeyLength: 100,
    substitutionValueLength: 4_000,
    resolvedValueLength: 65_536,
    expansionSteps: 5_000_000,
    substitutedLength: 8_000_000,
    artifactPaths: 100,
    secrets: 100,
    secretBytes: 65_536,
    timeoutMs: 24 * 3_600_000,
  },
  defaultTimeoutMs: 3_600_000,
  defaultQueueTtlMs: 3_600_000,
  stepTimeoutEndsAs: "FAILURE",
  rejectionEndsAs: "CANCELLED",
  automappedKeys: "unused-with-warning",
  logsBucketKeys: "unchecked",
  unusedBuiltIns: "refused",
};
