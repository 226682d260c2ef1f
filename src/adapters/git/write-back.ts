import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CommitId, isCommitId } from "../../core/values/ids.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SourceRefusal, WriteBack } from "../../ports/source.ts";
import { protocolOf } from "./mirrors.ts";
import { GitError, runGit } from "./run-git.ts";

/** Somebody else pushes first at most this often before the record gives up. */
const TRIES = 5;
/** How far back an earlier record of the same release is looked for. */
const LOOK_BACK = 200;

export interface WriteBackOptions {
  /** Where the umbrella's commits go: its origin, or its own folder where it has none. Absolute. */
  readonly umbrellaUrl: string;
  readonly umbrellaDirectory: string;
  /** A bare repository of our own, where commits are made. */
  readonly workDirectory: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly clock: Clock;
}

type Request = Parameters<WriteBack["commit"]>[0];

/** Write-backs made by git's plumbing in a bare repository: no working folder is needed, and none is disturbed. */
export function createWriteBack(options: WriteBackOptions): WriteBack {
  return {
    async commit(request) {
      try {
        await mkdir(options.workDirectory, { recursive: true });
        await runGit(["init", "--quiet", "--bare", "."], { cwd: options.workDirectory });
        const commit = await commitWithTries(options, request);
        if (!commit.ok) return commit;
        const workingFolder = commit.value === undefined ? "left-alone" : await follow(options, request.branch);
        return ok({ commit: commit.value, workingFolder });
      } catch (cause) {
        if (!(cause instanceof GitError)) throw cause;
        return err({ kind: "unreachable", url: options.umbrellaUrl, reason: cause.message });
      }
    },
  };
}

async function commitWithTries(
  options: WriteBackOptions,
  request: Request,
): Promise<Result<CommitId | undefined, SourceRefusal>> {
  const { umbrellaUrl, workDirectory } = options;
  const remote = { cwd: workDirectory, env: { GIT_ALLOW_PROTOCOL: protocolOf(umbrellaUrl) } };
  const branch = `refs/heads/${request.branch}`;
  for (let tries = 1; ; tries += 1) {
    await runGit(["fetch", "--quiet", "--force", "--no-tags", "--", umbrellaUrl, `+${branch}:${branch}`], remote);
    const head = (await runGit(["rev-parse", "--verify", branch], { cwd: workDirectory })).trim();
    const earlier = await earlierRecord(workDirectory, branch, request.release);
    if (earlier !== undefined) return ok(earlier);
    const commit = await makeCommit(options, request, head);
    if (commit === undefined) return ok(undefined);
    try {
      await runGit(["push", "--quiet", "--", umbrellaUrl, `${commit}:${branch}`], remote);
      return ok(commit);
    } catch (cause) {
      const isOvertaken =
        cause instanceof GitError && /non-fast-forward|fetch first|cannot lock ref/.test(cause.stderr);
      if (!isOvertaken || tries === TRIES) throw cause;
    }
  }
}

/** A commit whose trailer names the release: this record was written before a crash. */
async function earlierRecord(cwd: string, branch: string, release: string): Promise<CommitId | undefined> {
  const format = "--format=%H %(trailers:key=Mobius-Release,valueonly,separator=%x20)";
  const log = await runGit(["log", `--max-count=${LOOK_BACK}`, format, branch, "--"], { cwd });
  const line = log.split("\n").find((each) => each.slice(41).trim() === release);
  const id = line?.slice(0, 40) ?? "";
  return isCommitId(id) ? id : undefined;
}

async function makeCommit(options: WriteBackOptions, request: Request, head: string): Promise<CommitId | undefined> {
  const { workDirectory: cwd, author, clock } = options;
  const env = { GIT_INDEX_FILE: join(cwd, "write-back.index") };
  await runGit(["read-tree", head], { cwd, env });
  let isChanged = false;
  for (const { path, change } of request.files) {
    const before = await runGit(["cat-file", "blob", `${head}:${path}`], { cwd }).catch(() => undefined);
    const after = change(before);
    if (after === before) continue;
    isChanged = true;
    const blob = (await runGit(["hash-object", "-w", "--stdin"], { cwd, input: after })).trim();
    await runGit(["update-index", "--add", "--cacheinfo", `100644,${blob},${path}`], { cwd, env });
  }
  if (!isChanged) return undefined;
  const tree = (await runGit(["write-tree"], { cwd, env })).trim();
  const date = toIso(clock.now());
  const person = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    GIT_COMMITTER_DATE: date,
  };
  const message = `${request.message}\n\nMobius-Release: ${request.release}\n`;
  const made = await runGit(["commit-tree", tree, "-p", head, "-F", "-"], { cwd, env: person, input: message });
  const commit = made.trim();
  return isCommitId(commit) ? commit : undefined;
}

/** Brings a person's working folder along, but only where nothing of theirs could be touched by it. */
async function follow(
  { umbrellaUrl, umbrellaDirectory }: WriteBackOptions,
  branch: string,
): Promise<"followed" | "left-alone"> {
  const cwd = umbrellaDirectory;
  try {
    const current = (await runGit(["symbolic-ref", "--quiet", "--short", "HEAD"], { cwd })).trim();
    if (current !== branch) return "left-alone";
    const changed = await runGit(["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all"], { cwd });
    if (changed.trim() !== "") return "left-alone";
    const env = { GIT_ALLOW_PROTOCOL: protocolOf(umbrellaUrl) };
    // Through the remote-tracking ref, so that the folder also knows what was pushed.
    const ref = `+refs/heads/${branch}:refs/remotes/origin/${branch}`;
    await runGit(["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", umbrellaUrl, ref], { cwd, env });
    await runGit(["merge", "--quiet", "--ff-only", `refs/remotes/origin/${branch}`], { cwd });
    return "followed";
  } catch (cause) {
    if (cause instanceof GitError) return "left-alone";
    throw cause;
  }
}
