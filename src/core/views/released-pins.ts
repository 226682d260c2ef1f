import type { Pins } from "../manifest/pin-edits.ts";
import { resolvedDigest } from "../plan/plan-release.ts";
import type { Release } from "../release/state.ts";

/** What the names in a release's manifest turned out to be: every commit, and the digest of every image that it has. */
export function releasedPins({ plan, images }: Release): Pins {
  return {
    commits: Object.fromEntries(plan.actions.commits.map(({ module, commit }) => [module, commit])),
    images: Object.fromEntries(
      plan.actions.builds.flatMap((build) => {
        const digest = resolvedDigest(plan, build.key, images);
        if (digest === undefined) return [];
        return build.imageKeys.map((key) => [key, `${build.repository}@${digest}`] as const);
      }),
    ),
  };
}
