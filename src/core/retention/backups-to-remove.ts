import { type Instant, instant } from "../values/time.ts";

/** However old they are: a policy that is too short must not leave an environment without any. */
const ALWAYS_KEPT = 2;

interface KeptBackup {
  readonly id: string;
  readonly at: Instant;
}

/**
 * Backups that the policy lets go: older than it says, none of the newest two, and none that a release under way made, which
 * may still want it.
 */
export function backupsToRemove<T extends KeptBackup>(asked: {
  readonly backups: readonly T[];
  readonly keepMs: number;
  /** Ids of backups of releases that have not ended. */
  readonly needed: ReadonlySet<string>;
  readonly now: Instant;
}): readonly T[] {
  const { backups, keepMs, needed, now } = asked;
  const oldestFirst = backups.toSorted((a, b) => a.at - b.at);
  return oldestFirst
    .slice(0, Math.max(0, oldestFirst.length - ALWAYS_KEPT))
    .filter(({ id, at }) => instant(at + keepMs) <= now && !needed.has(id));
}
