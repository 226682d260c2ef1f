import type { CommitId } from "../core/values/ids.ts";

/** What a command asks of the umbrella's own repository. */
export interface UmbrellaGit {
  /**
   * The commit that holds the file as it stands in the working folder: `HEAD`, when the file is committed there without
   * a change, and, where the branch has an upstream, pushed to it.
   */
  commitOf(
    path: string,
  ): Promise<
    | { readonly kind: "committed"; readonly commit: CommitId }
    | { readonly kind: "not-committed" }
    | { readonly kind: "not-pushed"; readonly commit: CommitId }
    | { readonly kind: "no-repository" }
  >;
}
