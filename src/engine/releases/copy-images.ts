import { foreignIdentifiers } from "../../core/manifest/environment-identifiers.ts";
import { judgeImage } from "../../core/manifest/judge-image.ts";
import { resolvedDigest } from "../../core/plan/plan-release.ts";
import { artifactOf, type Environment, type Platform } from "../../core/platform/platform.ts";
import type { Release } from "../../core/release/state.ts";
import type { Digest } from "../../core/values/digest.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { imageNotCopied } from "./promotion-problems.ts";
import type { EnvironmentPorts, ReleasePorts } from "./release-ports.ts";

/** Images at a time: registries answer fewer rather than more at once with refusals. */
const AT_ONCE = 4;

interface Promoted {
  readonly release: Release;
  readonly platform: Platform;
  readonly source: Environment;
  readonly target: Environment;
}

interface Copy {
  readonly image: string;
  readonly digest: Digest;
  readonly from: string;
  readonly to: string;
}

/**
 * Brings every image of a release to the registry of another environment, by its digest: what runs there is what was
 * proved, to the byte. Each is searched for values of the first environment before. Repeating it copies nothing. All that
 * is wrong with any image is found at once.
 */
export async function copyImages(
  ports: Pick<ReleasePorts, "environment">,
  promoted: Promoted,
): Promise<Result<void, NonEmpty<Problem>>> {
  const { platform, target } = promoted;
  const environmentPorts = await ports.environment(platform, target);
  const left = [...copiesOf(promoted)];
  const problems: Problem[] = [];
  const work = async () => {
    for (let copy = left.shift(); copy !== undefined; copy = left.shift()) {
      problems.push(...(await copyOne(environmentPorts, promoted, copy)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const [first, ...rest] = problems;
  return first === undefined ? ok(undefined) : err([first, ...rest]);
}

/** An image that the platform has no more is in no manifest that is derived now. */
function copiesOf({ release, platform, target }: Promoted): readonly Copy[] {
  return release.plan.actions.builds.flatMap(({ image, key, repository: from }) => {
    const digest = resolvedDigest(release.plan, key, release.images);
    if (digest === undefined || platform.images[image] === undefined) return [];
    return [{ image, digest, from, to: `${target.registry}/${artifactOf(platform, image).repository}` }];
  });
}

async function copyOne(
  { images, imageTexts }: EnvironmentPorts,
  { source, target }: Promoted,
  copy: Copy,
): Promise<readonly Problem[]> {
  const reference = `${copy.from}@${copy.digest}`;
  try {
    const searched = await imageTexts.search(reference, foreignIdentifiers({ source, target }));
    if (searched === undefined) return [imageNotCopied(reference, "It is not there any more.")];
    const baked = judgeImage(copy.image, source.name, searched);
    if (baked.length === 0) await images.copy(copy);
    return baked;
  } catch (cause) {
    return [imageNotCopied(reference, cause instanceof Error ? cause.message : String(cause))];
  }
}
