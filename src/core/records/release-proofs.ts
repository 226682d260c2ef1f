import { resolvedDigest } from "../plan/plan-release.ts";
import type { Platform } from "../platform/platform.ts";
import type { Release } from "../release/state.ts";
import { CHECKLIST_FILE, type Proof, type ProofsOf } from "./checklist.ts";
import { verificationText } from "./log-entry.ts";
import { markdownCode, markdownText } from "./markdown.ts";
import { entryAnchor, releaseLogPath, settledAt } from "./release-log.ts";

export interface Promotion {
  readonly from: string;
  readonly to: string;
}

/** Who is promoted to whom, as far as the environment is one of the two; undefined where a checklist has no use. */
export function promotionOf(platform: Platform, environment: string): Promotion | undefined {
  const pairs = Object.values(platform.environments).flatMap(({ name, policies: { promoteFrom } }) =>
    promoteFrom === undefined ? [] : [{ from: promoteFrom, to: name }],
  );
  return pairs.find(({ from }) => from === environment) ?? pairs.find(({ to }) => to === environment);
}

/** What a settled release says for the checklist, as far as its environment is one of the two. */
export function proofsFor(promotion: Promotion, release: Release): ProofsOf {
  return proofsOf(release, promotion.from === release.plan.environment ? "prerequisite" : "target");
}

function proofsOf(release: Release, role: "prerequisite" | "target"): ProofsOf {
  const { environment } = release.plan;
  const proofs = { environment, proved: proved(release), evidence: entryLink(release) };
  if (role === "target") return proofs;
  const file = markdownCode(`cloudbuild.${environment}.yaml`);
  const { stage, plan } = release;
  const state = stage.name === "ended" ? stage.outcome.kind : "succeeded";
  return {
    ...proofs,
    prerequisite: [
      `**Prerequisite: the ${environment} pipeline** (${file}) must have released the same manifest, and its verification must have passed.`,
      `Newest release to ${environment}: ${entryLink(release)} (${markdownText(plan.manifest.releaseId)}), ${state}, ${verificationText(release)}.`,
    ],
  };
}

/** What the release proves. One that did not succeed proves nothing but that it is in the log. */
function proved(release: Release): readonly Proof[] {
  const { stage, plan, checks, backup } = release;
  const isReleased = stage.name === "recording" || (stage.name === "ended" && stage.outcome.kind === "succeeded");
  if (!isReleased) return ["logged"];
  const { builds, migrations } = plan.actions;
  const isApplied = ({ database, identifier }: { database: string; identifier: string }) =>
    release.appliedMigrations.some((each) => each.database === database && each.identifier === identifier);
  const holds: Readonly<Record<Proof, boolean>> = {
    released: true,
    logged: true,
    verified: checks.length > 0 && checks.every(({ verdict }) => verdict === "passed"),
    // Nothing to migrate needs no backup: there is none, and the row stays as it is.
    "backed-up": backup !== undefined,
    migrated: migrations.every((migration) => migration.state === "applied" || isApplied(migration)),
    "images-by-digest": builds.every((build) => resolvedDigest(plan, build.key, release.images) !== undefined),
  };
  return (Object.keys(holds) as Proof[]).filter((proof) => holds[proof]);
}

/** A link from the checklist to the release's log entry. */
function entryLink(release: Release): string {
  const path = releaseLogPath(release.plan.environment, settledAt(release) ?? release.requestedAt);
  const folder = CHECKLIST_FILE.slice(0, CHECKLIST_FILE.lastIndexOf("/") + 1);
  return `[${release.id}](${path.slice(folder.length)}#${entryAnchor(release)})`;
}
