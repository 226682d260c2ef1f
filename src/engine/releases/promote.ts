/**
 * Promotion: what was verified in one environment is brought to the next. The manifest is derived, its images are copied by
 * digest and its plan is made before anything is written; then the manifest is committed and its release asked for, which
 * waits at the environment's gates. Nothing is built, and no working folder is read.
 */
import { releasedSet } from "../../core/gates/released-set.ts";
import { type DerivedManifest, deriveManifest } from "../../core/manifest/derive-manifest.ts";
import { environmentNamed } from "../../core/manifest/environments.ts";
import { isNothingToDo, type Plan } from "../../core/plan/plan.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import { isEnded, type Release } from "../../core/release/state.ts";
import type { CommitId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import { releasedPins } from "../../core/views/released-pins.ts";
import { copyImages } from "./copy-images.ts";
import { makePlan } from "./plan-maker.ts";
import { isNamedBy } from "./plan-name.ts";
import { environmentUnknown, manifestNotFound, planUnknown, umbrellaUnreadable } from "./problems.ts";
import {
  promotionNotWritten,
  promotionSourceUnknown,
  promotionUnproven,
  promotionWithoutSource,
} from "./promotion-problems.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { Asked, PromotionRequest, ReleaseRequest, Requested } from "./release-request.ts";
import type { ReleaseStreams } from "./release-streams.ts";

interface PromotionParts {
  readonly ports: ReleasePorts;
  readonly streams: ReleaseStreams;
  readonly platformAt: (commit: CommitId) => Promise<Result<Platform, NonEmpty<Problem>>>;
  readonly request: (request: ReleaseRequest) => Promise<Result<Requested, NonEmpty<Problem>>>;
}

/** A promotion that was thought through: its manifest, which stands nowhere yet, and the plan of it. */
export interface PlannedPromotion {
  readonly source: Release;
  readonly derived: DerivedManifest;
  readonly plan: Plan;
  readonly platform: Platform;
  /** The umbrella's commit that the manifest would come on top of. */
  readonly umbrellaCommit: CommitId;
}

/** The folder that manifests stand in. */
const MANIFESTS = "release-manifests";

/**
 * Derives and plans. Copies images, which are told apart by their digests and harm nobody; writes nothing else. Every
 * problem of a step is found at once.
 */
export async function planPromotion(
  parts: PromotionParts,
  request: PromotionRequest,
): Promise<Result<PlannedPromotion, NonEmpty<Problem>>> {
  const { ports, streams } = parts;
  await ports.source.refresh(ports.umbrella);
  const head = await ports.source.resolve(ports.umbrella, "HEAD");
  if (!head.ok) return err([umbrellaUnreadable(ports.umbrella)]);
  const platform = await parts.platformAt(head.value);
  if (!platform.ok) return platform;
  const place = placesOf(platform.value, request.to);
  if (!place.ok) return err([place.error]);
  const { source, target } = place.value;
  const release = sourceRelease(streams.all(), request.release, source.name);
  if (!release.ok) return err([release.error]);
  const { file } = release.value.plan.manifest;
  const text = await ports.source.readFile(ports.umbrella, head.value, file);
  if (text === undefined) return err([manifestNotFound(file, head.value)]);
  const derived = deriveManifest({
    text,
    file,
    platform: platform.value,
    source,
    target,
    release: evidenceOf(release.value),
    date: toIso(ports.clock.now()).slice(0, 10),
    taken: await takenNames(parts, head.value),
    overrides: request.overrides,
  });
  if (!derived.ok) return err(derived.problems);
  const copied = await copyImages(ports, { release: release.value, platform: platform.value, source, target });
  if (!copied.ok) return copied;
  const made = await makePlan(ports, streams, {
    manifestPath: derived.value.file,
    manifestText: derived.value.text,
    umbrellaRef: head.value,
  });
  if (!made.ok) return err(made.problems);
  const { plan, umbrellaCommit } = made.value;
  return ok({ source: release.value, derived: derived.value, plan, platform: platform.value, umbrellaCommit });
}

/**
 * Promotes: commits the derived manifest to the write-back branch and asks for its release. Where a release of the same
 * source still waits or runs in that environment, that one is the answer.
 */
export async function promote(
  parts: PromotionParts,
  request: PromotionRequest & Omit<Asked, "build" | "promotedFrom">,
): Promise<Result<Requested, NonEmpty<Problem>>> {
  const { ports, streams } = parts;
  const earlier = streams.all().find(({ requestId }) => requestId === request.requestId);
  if (earlier !== undefined) return ok({ kind: "release", release: earlier });
  const planned = await planPromotion(parts, request);
  if (!planned.ok) return planned;
  const { source, derived, plan, platform } = planned.value;
  if (request.plan !== undefined && !isNamedBy(plan, request.plan)) {
    return err([planUnknown(request.plan, plan.digest)]);
  }
  const going = streams
    .active()
    .find((other) => other.promotedFrom === source.id && other.plan.environment === plan.environment);
  if (going !== undefined) return ok({ kind: "release", release: going });
  if (isNothingToDo(plan)) return ok({ kind: "nothing-to-do", plan });
  if (platform.git.writeBack.kind === "none") {
    return err([promotionNotWritten(derived.file, "The platform file says git.writeBack: none.")]);
  }
  const written = await ports.writeBack.commit({
    branch: platform.git.writeBack.branch,
    release: `promotion ${request.requestId}`,
    message: `Promote ${source.id} to ${plan.environment}: ${derived.releaseId}`,
    files: [{ path: derived.file, change: (there) => there ?? derived.text }],
  });
  if (!written.ok || written.value.commit === undefined) {
    const reason = written.ok ? "There is a file of that name." : JSON.stringify(written.error);
    return err([promotionNotWritten(derived.file, reason)]);
  }
  const { requestId, trigger, actor } = request;
  return parts.request({
    manifestPath: derived.file,
    umbrellaRef: written.value.commit,
    requestId,
    trigger,
    actor,
    promotedFrom: source.id,
    plan: plan.digest,
  });
}

function placesOf(
  platform: Platform,
  to: string,
): Result<{ readonly source: Environment; readonly target: Environment }, Problem> {
  const target = environmentNamed(platform, to);
  if (target === undefined) return err(environmentUnknown(to, Object.keys(platform.environments)));
  const source = platform.environments[target.policies.promoteFrom ?? ""];
  return source === undefined ? err(promotionWithoutSource(target.name)) : ok({ source, target });
}

/** The release that is promoted: the one that made the environment what it is, or one by its id, manifest or its file. */
function sourceRelease(
  releases: readonly Release[],
  wanted: string | undefined,
  environment: string,
): Result<Release, Problem> {
  const own = releases.filter(({ plan }) => plan.environment === environment && plan.actions.rollback === undefined);
  if (wanted === undefined) {
    const set = releasedSet(releases, environment);
    const maker = releases.find(({ id }) => id === set?.release);
    const { rollback } = maker?.plan.actions ?? {};
    const latest = rollback === undefined ? maker : releases.find(({ id }) => id === rollback.to);
    return latest === undefined ? err(promotionSourceUnknown(undefined, environment)) : proven(latest);
  }
  const named = own.find(
    ({ id, plan }) => id === wanted || plan.manifest.releaseId === wanted || plan.manifest.file === wanted,
  );
  return named === undefined ? err(promotionSourceUnknown(wanted, environment)) : proven(named);
}

function proven(release: Release): Result<Release, Problem> {
  const { stage } = release;
  const isProven = isEnded(release) && stage.name === "ended" && stage.outcome.kind === "succeeded";
  return isProven ? ok(release) : err(promotionUnproven(release.id, release.plan.environment));
}

function evidenceOf(release: Release) {
  const { id, plan, stage } = release;
  const verifiedAt = stage.name === "ended" ? stage.at : release.requestedAt;
  return { id, planDigest: plan.digest, verifiedAt, pins: releasedPins(release) };
}

async function takenNames({ ports, streams }: PromotionParts, head: CommitId): Promise<readonly string[]> {
  const files = await ports.source.list(ports.umbrella, head, MANIFESTS);
  return [...files.map(({ path }) => path), ...streams.all().map(({ plan }) => plan.manifest.releaseId)];
}
