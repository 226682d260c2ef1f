import type { Platform } from "../platform/platform.ts";
import type { Release } from "../release/state.ts";
import { present } from "../values/assert.ts";
import type { ModuleChanges } from "./changelog.ts";
import { CHECKLIST_FILE, newChecklist, type ProofsOf, withProofs } from "./checklist.ts";
import { logEntry } from "./log-entry.ts";
import { hasReachedCloud, type PlacedEntry, releaseLogPath, settledAt, withLogEntry } from "./release-log.ts";
import { type Promotion, promotionOf, proofsFor } from "./release-proofs.ts";

/** What one settled release says in the umbrella's records. */
export interface ReleaseRecord extends PlacedEntry {
  readonly checklist?: { readonly promotion: Promotion; readonly proofs: ProofsOf };
}

/** A file of the umbrella and what a record makes of it, given its present text. */
export interface RecordFile {
  readonly path: string;
  readonly change: (text: string | undefined) => string;
}

/** Whether a release has a record: it is settled, and it did something outside. */
export function hasRecord(release: Release): boolean {
  return settledAt(release) !== undefined && hasReachedCloud(release);
}

/** The release's record, made of its events and of git's history only. */
export function releaseRecord(release: Release, platform: Platform, changes: readonly ModuleChanges[]): ReleaseRecord {
  const { environment } = release.plan;
  const settled = present(settledAt(release), "when the release was settled");
  const promotion = promotionOf(platform, environment);
  return {
    release: release.id,
    environment,
    path: releaseLogPath(environment, settled),
    entry: logEntry(release, changes),
    ...(promotion === undefined ? {} : { checklist: { promotion, proofs: proofsFor(promotion, release) } }),
  };
}

/** The files that a record changes. Applied again, it changes nothing. */
export function recordFiles(record: ReleaseRecord): readonly RecordFile[] {
  const { checklist } = record;
  return [
    { path: record.path, change: (text) => withLogEntry(text, record) },
    ...(checklist === undefined
      ? []
      : [
          {
            path: CHECKLIST_FILE,
            change: (text: string | undefined) =>
              withProofs(text ?? newChecklist(checklist.promotion), checklist.proofs),
          },
        ]),
  ];
}
