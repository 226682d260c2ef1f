import type { CommitId } from "../values/ids.ts";

/** One commit, as people read it. */
export interface ChangelogCommit {
  readonly commit: CommitId;
  readonly author: string;
  readonly subject: string;
}

/** Commits newest first, and how many there are besides those shown. */
export interface CommitList {
  readonly shown: readonly ChangelogCommit[];
  readonly more: number;
  /** False where counting stopped at its limit: there are at least `more`. */
  readonly isCounted: boolean;
}

/** What became of one module between two released sets. */
export interface ModuleChanges {
  readonly module: string;
  /** Absent where the module was not released before. */
  readonly from?: CommitId;
  /** Absent where the module is not released any more. */
  readonly to?: CommitId;
  readonly commits:
    | {
        readonly kind: "read";
        readonly added: CommitList /** In `from` and not in `to`. */;
        readonly removed: CommitList;
      }
    /** Nothing to count from, or nothing to count to. */
    | { readonly kind: "none" }
    | { readonly kind: "unreadable"; readonly reason: string };
}

/** `12 more`, or `at least 12 more`. */
export function moreText({ more, isCounted }: CommitList): string {
  return `${isCounted ? "" : "at least "}${more} more`;
}
