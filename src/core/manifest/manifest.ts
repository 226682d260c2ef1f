/**
 * The release manifest, parsed and checked against the platform. Every value keeps its place in the file, so that a
 * later phase can still point at it. Pure values. Begin with `Manifest`.
 */
import type { MigrationKind } from "../platform/platform.ts";
import type { Where } from "../values/problem.ts";

/** A value and where it stands in the manifest. */
export interface Located<T> {
  readonly value: T;
  readonly where: Where;
}

export interface Manifest {
  /** Path beneath the umbrella, such as `release-manifests/2026-11-26-staging.yaml`. */
  readonly file: string;
  readonly releaseId: Located<string>;
  readonly description: string;
  /** The environment that the manifest is for; stated, or deduced from id, images and overrides (ruling 1). */
  readonly environment: string;
  /** Module → ref as written: a full commit id, a short one, a tag or a branch. */
  readonly commits: Readonly<Record<string, Located<string>>>;
  readonly images: Readonly<Record<string, Located<ImageReference>>>;
  /** Module → migrations in the order in which they are listed. */
  readonly migrations: Readonly<Record<string, readonly MigrationName[]>>;
  readonly featureFlags: Readonly<Record<string, Located<boolean>>>;
  readonly envOverrides: Readonly<Record<string, Located<string>>>;
  readonly verification: {
    readonly verifyScript?: Located<string>;
    readonly qaSuite?: Located<string>;
    readonly dbtTest: boolean;
  };
  readonly notes: readonly string[];
  /** Names rewritten by the environment's aliases: shown in the plan. */
  readonly rewrites: readonly { readonly where: Where; readonly from: string; readonly to: string }[];
}

/** An image reference as a manifest may write it: at least a tag or a digest. */
export interface ImageReference {
  /** Registry and repository, such as `gcr.io/mobius-staging/mobius-rag`; aliases of the project already rewritten. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

export interface MigrationName {
  readonly kind: MigrationKind;
  /** Path relative to the module's repository (sql, python, script), or the bare revision (alembic). */
  readonly name: string;
  /** The parenthesised remark after a script's path. */
  readonly note?: string;
  readonly where: Where;
}
