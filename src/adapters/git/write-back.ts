import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { assert } from "../../core/values/assert.ts";
import { type CommitId, isCommitId } from "../../core/values/ids.ts";
import { err, ok } from "../../core/values/result.ts";
import { toIso } from "../../core/values/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { WriteBack } from "../../ports/source.ts";
import { protocolOf } from "./mirrors.ts";
import { GitError, runGit } from "./run-git.ts";
import { removeStaleLocks } from "./stale-locks.ts";

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
type Written = Awaited<ReturnType<WriteBack["commit"]>>;

/**
 * Write-backs made by git's plumbing in a bare repository: no working folder is needed, and none is disturbed. One is made
 * at a time, since they share that repository; nobody else may use it.
 */
export function createWriteBack(options: WriteBackOptions): WriteBack {
  let last: Promise<unknown> = Promise.resolve();
  return {
    commit(request) {
      const turn = last.then(() => writeBack(options, request));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

async function writeBack(options: WriteBackOptions, request: Request): Promise<Written> {
  try {
    await mkdir(options.workDirectory, { recursive: true });
    await removeStaleLocks(options.workDirectory, 0); // nobody else works here: they are a killed server's
    await runGit(["init", "--quiet", "--bare", "."], { cwd: options.workDirectory });
    const commit = await commitWithTries(options, request);
    const workingFolder = commit === undefined ? "left-alone" : await follow(options, request.branch);
    return ok({ commit, workingFolder });
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    return err({ kind: "unreachable", url: options.umbrellaUrl, reason: cause.message });
  }
}

async function commitWithTries(options: WriteBackOptions, request: Request): Promise<CommitId | undefined> {
  const { umbrellaUrl, workDirectory } = options;
  const remote = { cwd: workDirectory, env: { GIT_ALLOW_PROTOCOL: protocolOf(umbrellaUrl) } };
  const branch = `refs/heads/${request.branch}`;
  let refused: { readonly head: string; readonly cause: GitError } | undefined;
  for (let tries = 1; ; tries += 1) {
    await runGit(["fetch", "--quiet", "--force", "--no-tags", "--", umbrellaUrl, `+${branch}:${branch}`], remote);
    const head = (await runGit(["rev-parse", "--verify", branch], { cwd: workDirectory })).trim();
    // Before the refusal is looked at: a push whose answer was lost has done its work.
    const earlier = await earlierRecord(workDirectory, branch, request.release);
    if (earlier !== undefined) return earlier;
    // A branch that stands where it stood was not pushed to by others: the refusal has another reason.
    if (refused !== undefined && (refused.head === head || tries > TRIES)) throw refused.cause;
    const commit = await makeCommit(options, request, head);
    if (commit === undefined) return undefined;
    try {
      await runGit(["push", "--quiet", ...receiver(options), "--", umbrellaUrl, `${commit}:${branch}`], remote);
      return commit;
    } catch (cause) {
      if (!(cause instanceof GitError)) throw cause;
      refused = { head, cause };
    }
  }
}

/** A folder of one's own takes a push to the branch that it is on only so, and then only where nobody works in it. */
function receiver(options: WriteBackOptions): readonly string[] {
  const settings = "-c receive.denyCurrentBranch=updateInstead -c core.hooksPath=/dev/null";
  return isOwnFolder(options) ? [`--receive-pack=git ${settings} receive-pack`] : [];
}

function isOwnFolder({ umbrellaUrl, umbrellaDirectory }: WriteBackOptions): boolean {
  return resolve(umbrellaUrl) === resolve(umbrellaDirectory);
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
  await rm(env.GIT_INDEX_FILE, { force: true }); // it may be half of one
  await runGit(["read-tree", head], { cwd, env });
  let isChanged = false;
  for (const { path, change } of request.files) {
    const { mode, text: before } = await fileAt(cwd, head, path);
    const after = change(before);
    if (after === before) continue;
    isChanged = true;
    const blob = (await runGit(["hash-object", "-w", "--stdin"], { cwd, input: after })).trim();
    await runGit(["update-index", "--add", "--cacheinfo", `${mode},${blob},${path}`], { cwd, env });
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
  assert(isCommitId(commit), `git made no commit: ${commit}`);
  return commit;
}

/** A file that cannot be read is no missing one: writing over it would lose what it holds. */
async function fileAt(
  cwd: string,
  head: string,
  path: string,
): Promise<{ readonly mode: string; readonly text: string | undefined }> {
  const listed = await runGit(["ls-tree", "-z", head, "--", path], { cwd });
  const [, mode = "", object = ""] = /^(\d+) \w+ ([0-9a-f]+)\t/.exec(listed) ?? [];
  if (object === "") return { mode: "100644", text: undefined };
  if (!mode.startsWith("100")) throw new GitError(["ls-tree"], undefined, `${path} is no regular file`);
  return { mode, text: await runGit(["cat-file", "blob", object], { cwd }) };
}

/** Brings a person's working folder along, but only where nothing of theirs could be touched by it. */
async function follow(options: WriteBackOptions, branch: string): Promise<"followed" | "left-alone"> {
  const { umbrellaUrl, umbrellaDirectory: cwd } = options;
  try {
    const current = (await runGit(["symbolic-ref", "--quiet", "--short", "HEAD"], { cwd })).trim();
    if (current !== branch) return "left-alone";
    if (isOwnFolder(options)) return "followed"; // by the push itself
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
