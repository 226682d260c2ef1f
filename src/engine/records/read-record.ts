import type { Platform } from "../../core/platform/platform.ts";
import { type ReleaseRecord, releaseRecord } from "../../core/records/release-record.ts";
import type { Release } from "../../core/release/state.ts";
import type { Source } from "../../ports/source.ts";
import { readChanges } from "./read-changes.ts";

/** Commits that an entry shows of each module. */
const COMMITS_SHOWN = 20;

/** The record of a settled release, with its commits as the mirrors have them. */
export async function readRecord(
  source: Pick<Source, "resolve" | "log">,
  platform: Platform,
  release: Release,
): Promise<ReleaseRecord> {
  const changes = await Promise.all(
    release.plan.actions.commits.map(({ module, repository, from, commit }) => {
      const ends = { module, repository, ...(from === undefined ? {} : { from }), to: commit };
      return readChanges(source, ends, COMMITS_SHOWN);
    }),
  );
  return releaseRecord(release, platform, changes);
}
