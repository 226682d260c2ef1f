import { type CommitId, isCommitId } from "../../core/values/ids.ts";
import type { UmbrellaGit } from "../../ports/umbrella-git.ts";
import { GitError, runGit } from "./run-git.ts";

/** The umbrella's working folder, asked through git. Changes nothing and asks no remote. */
export function createUmbrellaGit(directory: string): UmbrellaGit {
  const git = (...args: readonly string[]) => runGit(args, { cwd: directory });
  return {
    async commitOf(path) {
      const head = await attempt(() => git("rev-parse", "--verify", "--quiet", "HEAD"));
      const commit = head?.trim() ?? "";
      if (!isCommitId(commit)) return { kind: "no-repository" };
      const isKnown = (await git("ls-tree", "--name-only", "HEAD", "--", path)).trim() !== "";
      const changed = await git("status", "--porcelain", "--untracked-files=all", "--", path);
      if (!isKnown || changed.trim() !== "") return { kind: "not-committed" };
      return isPushed(git, commit);
    },
  };
}

async function isPushed(
  git: (...args: readonly string[]) => Promise<string>,
  commit: CommitId,
): Promise<Awaited<ReturnType<UmbrellaGit["commitOf"]>>> {
  const hasRemote = (await git("remote")).trim() !== "";
  if (!hasRemote) return { kind: "committed", commit };
  const holders = await git("for-each-ref", "--count=1", "--format=%(refname)", `--contains=${commit}`, "refs/remotes");
  return holders.trim() === "" ? { kind: "not-pushed", commit } : { kind: "committed", commit };
}

async function attempt(run: () => Promise<string>): Promise<string | undefined> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof GitError && cause.exitCode !== undefined) return undefined; // git's own no
    throw cause;
  }
}
