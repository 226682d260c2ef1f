/**
 * What is live, as the cloud says it: the input that a plan compares its intentions with. Pure values; the ports hand
 * them over.
 */
import { type Digest, digestOfValue } from "../values/digest.ts";
import type { Instant } from "../values/time.ts";

/** A variable of a service: plain text, or a version of a secret. */
export type EnvValue =
  | { readonly kind: "plain"; readonly value: string }
  | { readonly kind: "secret"; readonly secret: string; readonly version: string };

/** Everything that makes a revision besides its image. */
export interface RevisionSettings {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly port: number;
  readonly env: Readonly<Record<string, EnvValue>>;
  readonly memory: string;
  readonly cpu: number;
  readonly cpuThrottling: boolean;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  readonly serviceAccount: string;
  readonly cloudsqlInstances: readonly string[];
  readonly startup: { readonly path: string; readonly withinSeconds: number };
}

/** Everything that makes a revision. */
export interface RevisionTemplate extends RevisionSettings {
  /** `REGISTRY/REPOSITORY@sha256:…`. */
  readonly image: string;
}

/** What a plan assumes of a job, whose changes make no revisions: the digest of its template. */
export function jobDigest(template: RevisionTemplate | undefined): Digest | "none" {
  return template === undefined ? "none" : digestOfValue(template);
}

export interface ObservedTraffic {
  readonly revision: string;
  readonly percent: number;
  readonly tag?: string;
  /** True where traffic follows whatever revision is newest. */
  readonly latest: boolean;
}

export interface ObservedService {
  readonly name: string;
  readonly url: string;
  readonly etag: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly traffic: readonly ObservedTraffic[];
  /** The revision with the most traffic, as it is; undefined before the first. */
  readonly serving?: ObservedRevision;
  readonly latestCreatedRevision?: string;
}

export interface ObservedRevision {
  readonly name: string;
  readonly template: RevisionTemplate;
  readonly digest: Digest | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
}

/** What stands for the release in a ledger's rows that a person adopted. */
export const BASELINE = "baseline";

/** What the plan needs of a migration ledger's row. */
export interface ObservedMigration {
  readonly module: string;
  readonly identifier: string;
  readonly checksum: Digest;
  readonly state: "started" | "applied";
}
