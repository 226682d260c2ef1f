import type { Platform } from "../../core/platform/platform.ts";
import { CHECKLIST_FILE } from "../../core/records/checklist.ts";
import { logEntry } from "../../core/records/log-entry.ts";
import { releaseLogPath, settledAt, withLogEntry } from "../../core/records/release-log.ts";
import { checklistAfter, promotionOf } from "../../core/records/release-proofs.ts";
import type { Release } from "../../core/release/state.ts";
import { present } from "../../core/values/assert.ts";
import type { Source } from "../../ports/source.ts";
import { readChanges } from "./read-changes.ts";

/** Commits that an entry shows of each module. */
const COMMITS_SHOWN = 20;

/** A file of the umbrella and what a release makes of it, given its present text. */
export interface RecordFile {
  readonly path: string;
  readonly change: (text: string | undefined) => string;
}

/**
 * What a settled release writes: its entry in the release log and what it proves in the checklist. Made of events and
 * git's history, so it is the same whenever it is made.
 */
export async function recordFiles(
  source: Pick<Source, "resolve" | "log">,
  platform: Platform,
  release: Release,
): Promise<readonly RecordFile[]> {
  const { environment, actions } = release.plan;
  const settled = present(settledAt(release), "when the release was settled");
  const entry = logEntry(release, await Promise.all(actions.commits.map((range) => entryChanges(source, range))));
  const promotion = promotionOf(platform, environment);
  return [
    { path: releaseLogPath(environment, settled), change: (text) => withLogEntry(text, release, entry) },
    ...(promotion === undefined
      ? []
      : [{ path: CHECKLIST_FILE, change: (text: string | undefined) => checklistAfter(text, promotion, release) }]),
  ];
}

function entryChanges(
  source: Pick<Source, "resolve" | "log">,
  { module, repository, from, commit }: Release["plan"]["actions"]["commits"][number],
) {
  return readChanges(
    source,
    { module, repository, ...(from === undefined ? {} : { from }), to: commit },
    COMMITS_SHOWN,
  );
}
