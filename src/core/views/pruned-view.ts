import { count } from "../values/count.ts";
import { formatDuration, type Instant, toIso } from "../values/time.ts";

/** What the policies of an environment let go, as `mobius prune` and the API say it. Times are RFC 3339. */
export interface PrunedView {
  readonly apiVersion: "mobius/v1";
  readonly environment: string;
  /** False where nothing was removed, and only would be. */
  readonly isDone: boolean;
  /** How long backups are kept; absent where no policy says so, and all are. */
  readonly keepMs?: number;
  readonly backups: readonly { readonly id: string; readonly at: string; readonly bytes: number }[];
  readonly kept: number;
}

interface Pruned {
  readonly environment: string;
  readonly keepMs?: number;
  readonly removed: readonly { readonly id: string; readonly at: Instant; readonly bytes: number }[];
  readonly kept: number;
}

/** Makes the view. */
export function prunedView(pruned: Pruned, { dryRun }: { readonly dryRun: boolean }): PrunedView {
  const { environment, keepMs, removed, kept } = pruned;
  return {
    apiVersion: "mobius/v1",
    environment,
    isDone: !dryRun,
    ...(keepMs === undefined ? {} : { keepMs }),
    backups: removed.map(({ id, at, bytes }) => ({ id, at: toIso(at), bytes })),
    kept,
  };
}

/** The same as text. */
export function prunedText({ environment, isDone, keepMs, backups, kept }: PrunedView): string {
  if (keepMs === undefined) {
    return `${environment} keeps all of its ${count(kept, "backup")}: policies.retention.backups does not say how long.`;
  }
  const lines = backups.map(({ id, at, bytes }) => `  - ${id}  ${at}  ${megabytes(bytes)}`);
  const what = `${count(backups.length, "backup")} (${megabytes(backups.reduce((sum, { bytes }) => sum + bytes, 0))})`;
  const policy = `older than ${formatDuration(keepMs)}`;
  const head = isDone
    ? `Removed ${what} of ${environment}, ${policy}.`
    : `Would remove ${what} of ${environment}, ${policy}.`;
  return [head, ...lines, `  ${kept} kept.`].join("\n");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
