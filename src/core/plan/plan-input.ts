/**
 * Everything that a plan is made of, gathered by the shell before the pure planner runs. Begin with `PlanInput`.
 */
import type { Manifest } from "../manifest/manifest.ts";
import type { AlembicRevision } from "../migrations/alembic-revisions.ts";
import type { Environment, Platform } from "../platform/platform.ts";
import type { Digest } from "../values/digest.ts";
import type { CommitId } from "../values/ids.ts";
import type { Problem } from "../values/problem.ts";
import type { ObservedMigration, ObservedService, RevisionTemplate } from "./observed.ts";

export interface PlanInput {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  /** Module → where its source is and its full commit; the modules that the manifest names, and the umbrella's own. */
  readonly commits: Readonly<Record<string, ResolvedCommit>>;
  /** Image entry that is built → what is known of it. Only those of the modules in `commits`. */
  readonly artifacts: Readonly<Record<string, ResolvedArtifact>>;
  /** Module → its migration files at its commit. */
  readonly migrationFiles: Readonly<Record<string, readonly MigrationFile[]>>;
  /** Database → rows of its ledger. */
  readonly ledgers: Readonly<Record<string, readonly ObservedMigration[]>>;
  readonly services: Readonly<Record<string, ObservedService>>;
  readonly jobs: Readonly<Record<string, RevisionTemplate>>;
  /** How many connections the databases' server takes; undefined where it cannot be asked. */
  readonly connectionLimit: number | undefined;
  /** Service → its stable address. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Secret → its newest enabled version; a missing secret is absent. */
  readonly secretVersions: Readonly<Record<string, string>>;
  /** Module → commit of the environment's last successful release. */
  readonly released: Readonly<Record<string, CommitId>>;
  /** Live variables that a person agreed to drop, as `service.VARIABLE`. */
  readonly dropped: readonly string[];
  /** What gathering already found wrong: an unpushed commit, an unreachable remote. */
  readonly problems: readonly Problem[];
}

export interface ResolvedCommit {
  readonly ref: string;
  readonly repository: string;
  readonly path: string;
  readonly commit: CommitId;
}

export interface ResolvedArtifact {
  /** Where an environment takes digests only and not all source is the manifest's to name: what the image itself says. */
  readonly key: Digest;
  /** The image that the registry already keeps for the key. */
  readonly present?: Digest;
  /** What a manifest that pins a digest pins, and the build key that the pinned image says it was made from. */
  readonly pinned?: { readonly digest: Digest; readonly exists: boolean; readonly key?: string };
  /** Files that `include` names and the commit lacks. */
  readonly missing: readonly string[];
}

export interface MigrationFile {
  /** Path in the module's repository. */
  readonly path: string;
  readonly checksum: Digest;
  /** Of a file that is an Alembic revision, in a module that has such. */
  readonly revision?: AlembicRevision;
}
