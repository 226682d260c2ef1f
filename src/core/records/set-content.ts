/**
 * What an environment has after a release, folded from its releases: a manifest that does not name a module leaves it
 * as it was. A rolled-back or failed release left the set as it was before; one whose failure came after its traffic had
 * moved for good (its `afterSoak` migrations, its record) did not.
 */

import type { IntendedService } from "../plan/plan.ts";
import { resolvedDigest } from "../plan/plan-release.ts";
import type { Release } from "../release/state.ts";
import type { Digest } from "../values/digest.ts";
import type { CommitId, ReleaseId } from "../values/ids.ts";
import type { Instant } from "../values/time.ts";
import { settledAt } from "./release-log.ts";

export interface ReleasedModule {
  readonly repository: string;
  readonly commit: CommitId;
  /** The release that brought this commit. */
  readonly release: ReleaseId;
  readonly since: Instant;
}

export interface ReleasedService {
  readonly digest?: Digest;
  readonly settings: IntendedService;
  /** The release that brought this image. */
  readonly release: ReleaseId;
  readonly since: Instant;
}

/** All by name, as of one release. */
export interface SetContent {
  readonly environment: string;
  /** The last release in it; undefined where nothing was released. */
  readonly release?: ReleaseId;
  readonly modules: Readonly<Record<string, ReleasedModule>>;
  readonly services: Readonly<Record<string, ReleasedService>>;
  /** `database identifier`, in the order in which they were applied. */
  readonly migrations: readonly { readonly database: string; readonly identifier: string }[];
  readonly flags: Readonly<Record<string, boolean>>;
  readonly overrides: Readonly<Record<string, string>>;
}

/** Whether the environment serves what this release brought, unless a newer one came. */
export function isInForce(release: Release): boolean {
  const { stage } = release;
  if (stage.name !== "ended") return stage.name === "recording" || stage.name === "finishing";
  if (stage.outcome.kind === "succeeded") return true;
  if (stage.outcome.kind !== "failed") return false;
  // Its traffic moved, and nothing of it was given back.
  const planned = release.shifts.length > 0;
  return (
    planned && release.shifts.every(({ done }) => done !== undefined) && Object.keys(release.restored).length === 0
  );
}

/** The environment's releases that are in force, oldest first. */
export function releasesInForce(releases: readonly Release[], environment: string): readonly Release[] {
  return releases
    .filter((release) => release.plan.environment === environment && isInForce(release))
    .sort((a, b) => releaseNumber(a.id) - releaseNumber(b.id));
}

/** The set after the environment's releases up to and including one, or after all of them. */
export function setContent(releases: readonly Release[], environment: string, upTo?: ReleaseId): SetContent {
  const last = upTo === undefined ? Number.POSITIVE_INFINITY : releaseNumber(upTo);
  const empty: SetContent = { environment, modules: {}, services: {}, migrations: [], flags: {}, overrides: {} };
  return releasesInForce(releases, environment)
    .filter(({ id }) => releaseNumber(id) <= last)
    .reduce((set, release) => {
      const { rollback } = release.plan.actions;
      if (rollback === undefined) return after(set, release);
      // Traffic went back: all but the migrations is what it was then.
      return { ...setContent(releases, environment, rollback.to), migrations: set.migrations, release: release.id };
    }, empty);
}

/** Releases are numbered in the order in which they were asked for. */
export function releaseNumber(id: ReleaseId): number {
  return Number(id.slice("REL-".length));
}

function after(set: SetContent, release: Release): SetContent {
  const { commits, services, migrations, flags, overrides } = release.plan.actions;
  const since = settledAt(release) ?? release.requestedAt;
  const { id } = release;
  const brought = commits.map(({ module, repository, commit }) => {
    const earlier = set.modules[module];
    return [module, earlier?.commit === commit ? earlier : { repository, commit, release: id, since }] as const;
  });
  const served = services.map(({ service, intended, serving }) => {
    const resolved = resolvedDigest(release.plan, intended.image.buildKey, release.images) ?? intended.image.digest;
    const digest = resolved ?? serving?.digest;
    const earlier = set.services[service];
    const arrived = earlier !== undefined && earlier.digest === digest ? earlier : { release: id, since };
    const image = digest === undefined ? {} : { digest };
    return [service, { ...image, settings: intended, release: arrived.release, since: arrived.since }] as const;
  });
  const known = new Set(set.migrations.map(({ database, identifier }) => `${database} ${identifier}`));
  const added = migrations.filter(({ database, identifier }) => !known.has(`${database} ${identifier}`));
  return {
    environment: set.environment,
    release: id,
    modules: { ...set.modules, ...Object.fromEntries(brought) },
    services: { ...set.services, ...Object.fromEntries(served) },
    migrations: [...set.migrations, ...added.map(({ database, identifier }) => ({ database, identifier }))],
    flags: { ...set.flags, ...Object.fromEntries(flags.map(({ name, value }) => [name, value])) },
    overrides: { ...set.overrides, ...Object.fromEntries(overrides.map(({ name, value }) => [name, value])) },
  };
}
