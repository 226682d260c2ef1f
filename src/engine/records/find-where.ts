import { settledAt } from "../../core/records/release-log.ts";
import { releaseNumber, releasesInForce, setContent } from "../../core/records/set-content.ts";
import type { Place } from "../../core/records/where.ts";
import type { Release } from "../../core/release/state.ts";
import { isEnded } from "../../core/release/state.ts";
import { toIso } from "../../core/values/time.ts";
import { reasonForWaiting, stateName } from "../../core/views/project-release.ts";
import type { Source } from "../../ports/source.ts";
import type { CommitOf, Subject } from "./find-subject.ts";

/** Releases that are looked back at for the moment since which an environment has a commit. */
const LOOK_BACK = 500;

export interface WhereParts {
  readonly releases: readonly Release[];
  readonly source: Pick<Source, "resolve" | "log">;
  /** The environments asked about; `promoteFrom` is where releases to it come from. */
  readonly environments: readonly { readonly name: string; readonly promoteFrom?: string }[];
}

/** Where each part of the subject is: in an environment when the commit released there contains it. */
export async function findPlaces(parts: WhereParts, subject: Subject): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const environment of parts.environments) {
    if (subject.kind === "image") places.push(...imagePlaces(parts, environment.name, subject.images));
    else for (const commit of subject.commits) places.push(await commitPlace(parts, environment, commit));
  }
  return places;
}

async function commitPlace(
  parts: WhereParts,
  environment: WhereParts["environments"][number],
  wanted: CommitOf,
): Promise<Place> {
  const { name } = environment;
  const of = { module: wanted.module, commit: wanted.commit };
  const history = releasesInForce(parts.releases, name).filter(
    (release) => commitIn(release, wanted.module) !== undefined,
  );
  let since: Release | undefined;
  for (const release of history.slice(-LOOK_BACK).reverse()) {
    if (!(await contains(parts.source, release, wanted))) break;
    since = release;
  }
  if (since !== undefined) {
    const at = settledAt(since) ?? since.requestedAt;
    return { environment: name, of, state: "there", release: since.id, since: toIso(at) };
  }
  return { environment: name, of, state: "absent", ...(await obstacle(parts, environment, wanted, history.at(-1))) };
}

/** Why an environment has it not: what is under way, what failed, or that nobody released it. */
async function obstacle(
  parts: WhereParts,
  { name, promoteFrom }: WhereParts["environments"][number],
  wanted: CommitOf,
  newest: Release | undefined,
): Promise<{ readonly reason: string; readonly next: string }> {
  const later = parts.releases
    .filter(
      ({ plan, id }) =>
        plan.environment === name && releaseNumber(id) > (newest === undefined ? 0 : releaseNumber(newest.id)),
    )
    .sort((a, b) => releaseNumber(b.id) - releaseNumber(a.id))
    .slice(0, LOOK_BACK);
  for (const release of later) {
    if (!(await contains(parts.source, release, wanted))) continue;
    const waits = reasonForWaiting(release);
    if (!isEnded(release)) {
      return {
        reason: `${release.id} brings it and waits for ${waits ?? "its next phase"}`,
        next: `mobius watch ${release.id}`,
      };
    }
    return { reason: `${release.id} had it and ended ${stateName(release)}`, next: `mobius explain ${release.id}` };
  }
  const has =
    newest === undefined
      ? `nothing of ${wanted.module} was released to it`
      : `${newest.id} released ${wanted.module} at ${(commitIn(newest, wanted.module) ?? "").slice(0, 12)}, which does not contain it`;
  if (promoteFrom === undefined) return { reason: has, next: `mobius release <manifest of ${name} with the commit>` };
  const before = await commitPlace(parts, { name: promoteFrom }, wanted);
  return before.state === "there"
    ? {
        reason: `${has}; ${promoteFrom} has it since ${before.since}`,
        next: `mobius promote ${before.release} --to ${name}`,
      }
    : {
        reason: `${has}; ${promoteFrom} has it not either`,
        next: `mobius release <manifest of ${promoteFrom} with the commit>`,
      };
}

/** A commit is in another when nothing leads to it that does not lead to the other. */
async function contains(source: WhereParts["source"], release: Release, wanted: CommitOf): Promise<boolean> {
  const released = commitIn(release, wanted.module);
  if (released === undefined || released === wanted.commit) return released !== undefined;
  // A commit that its remote has lost contains nothing that could be shown.
  if (!(await source.resolve(wanted.repository, released)).ok) return false;
  const beyond = await source.log(wanted.repository, { from: released, to: wanted.commit, limit: 1 });
  return beyond.length === 0;
}

function commitIn(release: Release, module: string) {
  return release.plan.actions.commits.find((each) => each.module === module)?.commit;
}

function imagePlaces(
  { releases }: WhereParts,
  environment: string,
  images: Extract<Subject, { kind: "image" }>["images"],
): readonly Place[] {
  const { services } = setContent(releases, environment);
  return images.map(({ service, digest }): Place => {
    const of = { service, digest };
    const has = services[service];
    if (has?.digest === digest) {
      return { environment, of, state: "there", release: has.release, since: toIso(has.since) };
    }
    const reason =
      has === undefined
        ? `${service} was not released to it`
        : `${has.release} released ${service} as ${has.digest?.slice(0, 19) ?? "another image"}`;
    return {
      environment,
      of,
      state: "absent",
      reason,
      next: `mobius release <manifest of ${environment} with the image>`,
    };
  });
}
