/** What a revision of a release is made from, and what it says of where it comes from. */
import type { PlannedService } from "../../../core/plan/plan.ts";
import { resolvedDigest } from "../../../core/plan/plan-release.ts";
import type { Release } from "../../../core/release/state.ts";
import type { Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import type { EnvValue, RevisionTemplate } from "../../../ports/services.ts";
import { imageNotBuilt } from "../problems.ts";

/** The digest that a revision runs. */
export type RevisionDigest = NonNullable<PlannedService["intended"]["image"]["digest"]>;

/** What a revision says of where it comes from. */
export function revisionLabels(release: Release): Readonly<Record<string, string>> {
  return { "mobius-release": release.id.toLowerCase() };
}

/** The template with the image that the plan or its build resolved. */
export function revisionTemplate(
  release: Release,
  planned: PlannedService,
  env: Readonly<Record<string, EnvValue>>,
): Result<{ readonly template: RevisionTemplate; readonly digest: RevisionDigest }, Problem> {
  const { image, ...settings } = planned.intended;
  const digest = resolvedDigest(release.plan, image.buildKey, release.images);
  if (digest === undefined) return err(imageNotBuilt(planned.service, planned.module, image.repository));
  return ok({ digest, template: { ...settings, env, image: `${image.repository}@${digest}` } });
}
