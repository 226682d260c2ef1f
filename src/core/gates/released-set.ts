import { resolvedDigest } from "../plan/plan-release.ts";
import { phaseRecord, type Release } from "../release/state.ts";
import type { Digest } from "../values/digest.ts";
import type { CommitId, ReleaseId } from "../values/ids.ts";
import type { Instant } from "../values/time.ts";

/** What an environment has by its releases: each module's commit, each image's digest, each service's revision. */
export interface ReleasedSet {
  /** The release that made it what it is. */
  readonly release: ReleaseId;
  /** Since when it is so. */
  readonly at: Instant;
  /** Whether that release ended well; a set whose release failed after it had served is there, and proves nothing. */
  readonly standing: "proven" | "unproven";
  readonly commits: Readonly<Record<string, CommitId>>;
  readonly digests: Readonly<Record<string, Digest>>;
  readonly revisions: Readonly<Record<string, string>>;
}

/**
 * Every set that the environment had, oldest first, each named by the release that made it. A module or service that a
 * release does not name stays as it was; a rollback brings an earlier set back.
 */
export function releasedSets(releases: readonly Release[], environment: string): readonly ReleasedSet[] {
  const sets: ReleasedSet[] = [];
  const ended = releases.filter((release) => release.plan.environment === environment).flatMap(standingSet);
  for (const { release, at, standing } of ended.sort((a, b) => a.at - b.at)) {
    const { rollback } = release.plan.actions;
    const base =
      rollback === undefined ? sets.at(-1) : (sets.find((set) => set.release === rollback.to) ?? sets.at(-1));
    sets.push({
      release: release.id,
      at,
      standing,
      commits: { ...base?.commits, ...(rollback === undefined ? commitsOf(release) : {}) },
      digests: { ...base?.digests, ...(rollback === undefined ? digestsOf(release) : {}) },
      revisions: { ...sets.at(-1)?.revisions, ...base?.revisions, ...revisionsOf(release) },
    });
  }
  return sets;
}

/** The set that the environment has now; undefined before its first release. */
export function releasedSet(releases: readonly Release[], environment: string): ReleasedSet | undefined {
  return releasedSets(releases, environment).at(-1);
}

interface Standing {
  readonly release: Release;
  readonly at: Instant;
  readonly standing: ReleasedSet["standing"];
}

/** A release whose set serves: it was checked on its real addresses, and traffic was not moved back after it. */
function standingSet(release: Release): readonly Standing[] {
  const { stage } = release;
  if (stage.name !== "ended") return [];
  if (stage.outcome.kind === "succeeded") return [{ release, at: stage.at, standing: "proven" }];
  const isServing = stage.outcome.kind === "failed" && phaseRecord(release, "verify")?.outcome.kind === "succeeded";
  return isServing ? [{ release, at: stage.at, standing: "unproven" }] : [];
}

function commitsOf({ plan }: Release): Readonly<Record<string, CommitId>> {
  return Object.fromEntries(plan.actions.commits.map(({ module, commit }) => [module, commit]));
}

function digestsOf({ plan, images }: Release): Readonly<Record<string, Digest>> {
  return Object.fromEntries(
    plan.actions.builds.flatMap(({ image, key }) => {
      const digest = resolvedDigest(plan, key, images);
      return digest === undefined ? [] : [[image, digest] as const];
    }),
  );
}

function revisionsOf(release: Release): Readonly<Record<string, string>> {
  return Object.fromEntries(
    release.plan.actions.services.flatMap(({ service, role, serving }) => {
      if (role === "job") return [];
      const moved = release.shifts.find((shift) => shift.service === service)?.revision;
      const revision = moved ?? serving?.revision;
      return revision === undefined ? [] : [[service, revision] as const];
    }),
  );
}
