import { resolvedDigest } from "../../core/plan/plan-release.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import { artifactOf } from "../../core/platform/platform.ts";
import type { Release } from "../../core/release/state.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { imageNotCopied } from "./promotion-problems.ts";
import type { ReleasePorts } from "./release-ports.ts";

/** Copies at a time: registries answer fewer rather than more at once with refusals. */
const AT_ONCE = 4;

/**
 * Brings every image of a release to the registry of another environment, by its digest: what runs there is what was
 * proved, to the byte. Repeating it copies nothing. All that could not be copied is found at once.
 */
export async function copyImages(
  ports: Pick<ReleasePorts, "environment">,
  {
    release,
    platform,
    target,
  }: { readonly release: Release; readonly platform: Platform; readonly target: Environment },
): Promise<Result<void, NonEmpty<Problem>>> {
  const { images } = await ports.environment(platform, target);
  const problems: Problem[] = [];
  const left = release.plan.actions.builds.flatMap(({ image, key, repository }) => {
    const digest = resolvedDigest(release.plan, key, release.images);
    // An image that the platform has no more is in no manifest that is derived now.
    if (digest === undefined || platform.images[image] === undefined) return [];
    return [{ digest, from: repository, to: `${target.registry}/${artifactOf(platform, image).repository}` }];
  });
  const work = async () => {
    for (let copy = left.shift(); copy !== undefined; copy = left.shift()) {
      const { digest, from } = copy;
      try {
        if (!(await images.copy(copy))) problems.push(imageNotCopied(`${from}@${digest}`, "It is not there any more."));
      } catch (cause) {
        problems.push(imageNotCopied(`${from}@${digest}`, cause instanceof Error ? cause.message : String(cause)));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const [first, ...rest] = problems;
  return first === undefined ? ok(undefined) : err([first, ...rest]);
}
