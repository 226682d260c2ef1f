import { parseManifest } from "../../../core/manifest/parse-manifest.ts";
import { pinEdits } from "../../../core/manifest/pin-edits.ts";
import { rewriteManifest } from "../../../core/manifest/rewrite-manifest.ts";
import type { Platform } from "../../../core/platform/platform.ts";
import type { Release } from "../../../core/release/state.ts";
import { err, ok } from "../../../core/values/result.ts";
import { releaseLogPath, withLogEntry } from "../../../core/views/release-log.ts";
import { releasedPins } from "../../../core/views/released-pins.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";
import { writeBackFailed } from "../problems.ts";

/**
 * Writes what was released back to the umbrella in one commit: full commits and digests into the manifest, an entry
 * into the release log. Found again by its trailer, so a repeat after a crash makes no second commit.
 */
export async function recordRelease(context: PhaseContext): Promise<PhaseOutcome> {
  const { ports, platform, release } = context;
  if (platform.git.writeBack.kind === "none") return ok("the platform file asks for no write-back");
  const { id, plan } = release();
  const endedAt = ports.clock.now();
  await context.checkLease();
  ports.reach("record:before");
  const written = await ports.writeBack.commit({
    branch: platform.git.writeBack.branch,
    release: id,
    message: `Record ${id}: ${plan.manifest.releaseId} released to ${plan.environment}`,
    files: [
      { path: plan.manifest.file, change: (text) => pinned(text ?? "", platform, release()) },
      { path: releaseLogPath(plan.environment, endedAt), change: (text) => withLogEntry(text, release(), endedAt) },
    ],
  });
  ports.reach("record:after");
  if (!written.ok) {
    const { error } = written;
    const reason = error.kind === "unreachable" ? error.reason : `${error.kind}: ${error.ref}`;
    return err(writeBackFailed(id, platform.git.writeBack.branch, reason));
  }
  await context.record({ type: "written-back", commit: written.value.commit ?? "nothing-to-write" });
  const followed = written.value.workingFolder === "followed" ? "" : "; your working folder was left alone: git pull";
  return ok(`manifest pinned and release log written${followed}`);
}

/** The manifest with full commits and digests; a manifest that no longer parses is left as it is. */
function pinned(text: string, platform: Platform, release: Release): string {
  const parsed = parseManifest({ text, file: release.plan.manifest.file, platform });
  if (!parsed.ok) return text;
  return rewriteManifest(text, pinEdits(parsed.value, releasedPins(release)));
}
