/**
 * A module's own script in a release: what it finds when it begins, and what is made of what it left. It makes revisions of
 * its own module's services; it moves no traffic, and what it made is a candidate only where it is what the plan says.
 */
import { fieldDifferences } from "../../../core/plan/compare-service.ts";
import type { ObservedRevision } from "../../../core/plan/observed.ts";
import type { PlannedService } from "../../../core/plan/plan.ts";
import { resolvedDigest } from "../../../core/plan/plan-release.ts";
import { artifactOf, type Platform, type Service } from "../../../core/platform/platform.ts";
import { isProtected } from "../../../core/platform/protection.ts";
import { phaseRecord } from "../../../core/release/state.ts";
import { present } from "../../../core/values/assert.ts";
import type { Digest } from "../../../core/values/digest.ts";
import type { Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";
import { imageNotBuilt, scriptCandidateDiffers, scriptNotAllowed } from "../problems.ts";
import { CANDIDATE_TAG, candidateTraffic, pinTraffic, TRAFFIC_MS } from "./pinned-traffic.ts";
import { revisionLabels } from "./revision-template.ts";

/** The server waits for a revision to be ready; what a script leaves to itself by default is no difference. */
const NOT_COMPARED = ["health check"];

/** Services whose image comes from the module: those that its script may deploy. */
export function servicesOfModule(platform: Platform, module: string): readonly Service[] {
  return Object.values(platform.services).filter(({ image }) => artifactOf(platform, image).module === module);
}

/** Pins the traffic of every service of the module (the subject), touched by the plan or not, before its script runs. */
export async function beginScript(context: PhaseContext): Promise<PhaseOutcome> {
  const module = present(context.subject, "the script phase's module");
  const { platform, environment } = context;
  if (platform.modules[module]?.script === undefined || isProtected(environment)) {
    return err(scriptNotAllowed(module, environment.name));
  }
  const served = servicesOfModule(platform, module).filter(({ role }) => role !== "job");
  const pinned = await Promise.all(served.map(({ name }) => pinTraffic(context, name)));
  const refused = pinned.find((result) => !result.ok);
  return refused?.ok === false ? refused : ok(`the traffic of ${served.map(({ name }) => name).join(", ")} is pinned`);
}

/**
 * Takes what the module's script made of the service as its candidate; undefined where no script ran, or it left the
 * service to the release.
 */
export async function adoptScripted(
  context: PhaseContext,
  planned: PlannedService,
): Promise<Result<void, Problem> | undefined> {
  const { service, module } = planned;
  const { release, record, environmentPorts } = context;
  const begun = phaseRecord(release(), "script", module);
  if (begun === undefined) return undefined;
  const observed = await environmentPorts.services.get(service);
  const newest = observed?.latestCreatedRevision;
  const made = newest === undefined ? undefined : await environmentPorts.services.revision(service, newest);
  const own = revisionLabels(release())["mobius-release"];
  if (made === undefined || made.createdAt < begun.startedAt || made.labels["mobius-release"] === own) return undefined;
  // An image that this release did not build could be any: an older one of the same name, say.
  const digest = resolvedDigest(release().plan, planned.intended.image.buildKey, release().images);
  if (digest === undefined) return err(imageNotBuilt(service, module, planned.intended.image.repository));
  const differing = differencesOf(planned, made, digest);
  if (differing.length > 0) {
    return err(scriptCandidateDiffers({ service, module, revision: made.name, differing }));
  }
  const pinned = release().pinned[service];
  await record({ type: "candidate-intended", service, revision: made.name, isFirst: pinned === undefined });
  await context.checkLease();
  const set = await environmentPorts.services.setTraffic(service, candidateTraffic(pinned, made.name), TRAFFIC_MS);
  if (!set.ok) return set;
  const address = await environmentPorts.services.tagAddress(service, CANDIDATE_TAG);
  await record({ type: "candidate-ready", service, revision: made.name, digest, address });
  return ok(undefined);
}

/** What the script did otherwise than the plan says, in clauses that hold no value of a variable. */
function differencesOf(
  { intended }: PlannedService,
  { template }: ObservedRevision,
  digest: Digest,
): readonly string[] {
  const { image, ...settings } = intended;
  const [repository = ""] = template.image.split("@");
  const elsewhere =
    repository === image.repository ? [] : [`image: from ${repository}, and ${image.repository} is meant`];
  const wanted = { ...settings, image: { ...image, digest } };
  const found = fieldDifferences(wanted, { ...template, env: pinnedLike(settings.env, template.env) });
  const differing = found.filter(({ field }) => !NOT_COMPARED.includes(field));
  return [...elsewhere, ...differing.map(({ field, intended: is, live }) => `${field}: ${live}, and ${is} is meant`)];
}

type Env = PlannedService["intended"]["env"];

/** `latest` is the version that the plan names: it was the newest when the plan was made. */
function pinnedLike(intended: Env, live: Env): Env {
  return Object.fromEntries(
    Object.entries(live).map(([name, value]) => {
      const wanted = intended[name];
      const isSame =
        value.kind === "secret" &&
        wanted?.kind === "secret" &&
        value.secret === wanted.secret &&
        value.version === "latest";
      return [name, isSame ? wanted : value];
    }),
  );
}
