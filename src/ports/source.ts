import type { CommitId } from "../core/values/ids.ts";
import type { Result } from "../core/values/result.ts";
import type { Instant } from "../core/values/time.ts";

/**
 * A repository: its URL as `mobius.yaml` has it, or the umbrella's folder where it has no origin. A relative local URL
 * is relative to the umbrella's folder.
 */
export type RepositoryUrl = string;

export interface TreeEntry {
  /** Path relative to the repository's root. */
  readonly path: string;
  readonly mode: string;
  readonly kind: "file" | "folder" | "submodule";
  /** Git object id: equal content, equal id. */
  readonly object: string;
}

export interface Commit {
  readonly id: CommitId;
  readonly author: string;
  readonly at: Instant;
  readonly subject: string;
}

export type SourceRefusal =
  | { readonly kind: "unreachable"; readonly url: string; readonly reason: string }
  | { readonly kind: "not-found"; readonly url: string; readonly ref: string }
  | { readonly kind: "ambiguous"; readonly url: string; readonly ref: string };

/**
 * Git repositories, read through bare mirrors that hold only what their remotes have pushed. Nothing in a repository is
 * ever executed. Every call has a deadline; a remote that does not answer is `unreachable`.
 */
export interface Source {
  /** Brings the mirror to what the remote has at some moment after this call. Cheap where nothing has changed. */
  refresh(url: RepositoryUrl): Promise<Result<void, SourceRefusal>>;
  /** A branch, tag, full or short commit id → the full commit id, as the remote has it after the last refresh. */
  resolve(url: RepositoryUrl, ref: string): Promise<Result<CommitId, SourceRefusal>>;
  readFile(url: RepositoryUrl, commit: CommitId, path: string): Promise<string | undefined>;
  /** All entries beneath the path (`.` for all), recursively, folders left out. */
  list(url: RepositoryUrl, commit: CommitId, path: string): Promise<readonly TreeEntry[]>;
  /** Commits reachable from `to` and not from `from`, newest first, at most `limit`. */
  log(
    url: RepositoryUrl,
    range: { readonly from?: CommitId; readonly to: CommitId; readonly limit: number },
  ): Promise<readonly Commit[]>;
  /** A clean checkout in an empty or missing folder; no submodules, no hooks. */
  checkout(url: RepositoryUrl, commit: CommitId, into: string): Promise<Result<void, SourceRefusal>>;
}

/** Commits files to a branch of the umbrella: pinned manifests, logs. */
export interface WriteBack {
  /**
   * One commit on top of the branch as the remote has it; repeated on top of the new head when somebody else pushed
   * first (5 tries). `change` is given each file's present text and returns the new one; no difference, no commit. A
   * commit on the branch that already carries the same `Mobius-Release` trailer is returned instead of a second one.
   * Afterwards the umbrella's working folder follows by fast-forward where it is clean and on that branch.
   */
  commit(request: {
    readonly branch: string;
    readonly release: string;
    readonly message: string;
    readonly files: readonly { readonly path: string; readonly change: (text: string | undefined) => string }[];
  }): Promise<
    Result<{ readonly commit: CommitId | undefined; readonly workingFolder: "followed" | "left-alone" }, SourceRefusal>
  >;
}
