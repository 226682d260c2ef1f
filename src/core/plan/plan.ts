/**
 * A plan: what a release would change and why, as a value that is printed, saved, compared and approved by its digest
 * before anything happens. Pure. `actions` and `preconditions` are covered by the digest; `informative` is not.
 */
import type { Canary, MigrationKind } from "../platform/platform.ts";
import type { Digest } from "../values/digest.ts";
import type { CommitId, ReleaseId } from "../values/ids.ts";
import type { RevisionSettings } from "./observed.ts";

export interface Plan {
  readonly digest: Digest;
  readonly environment: string;
  readonly project: string;
  readonly region: string;
  readonly manifest: { readonly file: string; readonly releaseId: string; readonly digest: Digest };
  readonly actions: PlanActions;
  readonly preconditions: readonly Precondition[];
  readonly informative: {
    /** Names that the environment's aliases rewrote. */
    readonly rewrites: readonly { readonly from: string; readonly to: string }[];
    readonly notes: readonly string[];
    /** What may be open at databases at once, where their limit is known; absent in plans of before that was looked at. */
    readonly connections?: readonly PlannedConnections[];
    /** Migration files that are neither applied nor named. */
    readonly unnamedMigrations: readonly { readonly module: string; readonly identifier: string }[];
  };
}

export interface PlanActions {
  /** Every module of the manifest at its full commit; `from` is what the environment's last release had. */
  readonly commits: readonly PlannedCommit[];
  /** One per distinct build key. */
  readonly builds: readonly PlannedBuild[];
  readonly migrations: readonly PlannedMigration[];
  readonly services: readonly PlannedService[];
  readonly flags: readonly { readonly name: string; readonly value: boolean }[];
  readonly overrides: readonly { readonly name: string; readonly value: string }[];
  /** How the traffic of some services moves first, before that of the whole set; absent where it all moves at once. */
  readonly canary?: Canary;
  /** Where the plan gives traffic back to what an earlier release had: that, and nothing is built, migrated or made. */
  readonly rollback?: { readonly to: ReleaseId; readonly revisions: Readonly<Record<string, string>> };
}

export interface PlannedCommit {
  readonly module: string;
  readonly repository: string;
  readonly path: string;
  readonly ref: string;
  readonly commit: CommitId;
  readonly from?: CommitId;
}

/** How an image comes to be there: it is there already, or a build makes it. */
export interface PlannedBuild {
  /** Covers the source trees, the build inputs and the build settings. */
  readonly key: Digest;
  /** The platform's image entry that is built. */
  readonly image: string;
  /** Every manifest key that is this artifact. */
  readonly imageKeys: readonly string[];
  readonly module: string;
  /** Full repository in the environment's registry. */
  readonly repository: string;
  /** Human tags to give besides the build key's own. */
  readonly tags: readonly string[];
  readonly state: { readonly kind: "present"; readonly digest: Digest } | { readonly kind: "to-build" };
}

export interface PlannedMigration {
  readonly database: string;
  readonly module: string;
  readonly kind: MigrationKind;
  readonly identifier: string;
  /** Path in the module's repository. */
  readonly path: string;
  readonly checksum: Digest;
  readonly when: "before" | "afterSoak";
  readonly state: "applied" | "to-apply";
}

export interface PlannedService {
  readonly service: string;
  readonly role: "api" | "worker" | "job";
  /** The module whose commit it comes from. */
  readonly module: string;
  readonly change: "create" | "update" | "unchanged";
  /** Why, each a short clause: `image`, `env REDIS_URL changed`. Empty when unchanged. */
  readonly reasons: readonly string[];
  readonly intended: IntendedService;
  /** What has the traffic now. */
  readonly serving?: { readonly revision: string; readonly digest?: Digest };
}

/** What may be open at a database at once, at the worst moment of the release, and what it takes. */
export interface PlannedConnections {
  /** Absent for the server that all databases of the environment share. */
  readonly database?: string;
  readonly needed: number;
  readonly limit: number;
  /** What adds up to `needed`, each a short clause: `api 2 × 5 + 2 × 5 of the revision before`. */
  readonly parts: readonly string[];
}

/** A revision template whose image may still have to be built. */
export interface IntendedService extends RevisionSettings {
  readonly image: { readonly buildKey: Digest; readonly repository: string; readonly digest?: Digest };
}

/** Something assumed of the world; a release stops when it no longer holds. */
export type Precondition =
  | { readonly kind: "serving-revision"; readonly service: string; readonly revision: string | "none" }
  | { readonly kind: "ledger"; readonly database: string; readonly applied: number }
  /** `digest` is of the job's whole template. */
  | { readonly kind: "job"; readonly job: string; readonly digest: Digest | "none" };

/** Whether the plan changes nothing: no build, migration or service to touch. */
export function isNothingToDo(plan: Plan): boolean {
  const { builds, migrations, services } = plan.actions;
  return (
    builds.every((build) => build.state.kind === "present") &&
    migrations.every((migration) => migration.state === "applied") &&
    services.every((service) => service.change === "unchanged")
  );
}

/** Name of the revision that a release makes of a service: made from release and try, so that it is recognised. */
export function revisionName(service: string, release: ReleaseId, attempt: number): string {
  return `${service}-${release.toLowerCase().replace("-", "")}-${attempt}`;
}
