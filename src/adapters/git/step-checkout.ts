import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CommitId } from "../../core/values/ids.ts";
import { protocolOf } from "./mirrors.ts";
import { runGit } from "./run-git.ts";

const FETCH_MS = 120_000;

/**
 * Checks one commit out into a folder of a step's workspace, straight from its remote, without history, submodules or
 * hooks. May be repeated: what a first try left there is put right, and files that the commit lacks are removed.
 */
export async function checkoutInto(request: {
  readonly url: string;
  readonly commit: CommitId;
  readonly into: string;
  /** How git finds its way out of the step's network. */
  readonly env?: Readonly<Record<string, string>>;
}): Promise<void> {
  const { url, commit, into, env = {} } = request;
  await mkdir(into, { recursive: true });
  // A try that was killed leaves locks and half an index there; one commit is soon fetched again.
  await rm(join(into, ".git"), { recursive: true, force: true });
  const git = (...args: readonly string[]) =>
    runGit(args, { cwd: into, timeoutMs: FETCH_MS, env: { ...env, GIT_ALLOW_PROTOCOL: protocolOf(url) } });
  await git("init", "--quiet");
  await git("fetch", "--quiet", "--depth", "1", "--no-tags", "--no-recurse-submodules", "--", url, commit);
  await git("checkout", "--quiet", "--force", "--detach", commit);
  await git("clean", "--quiet", "--force", "-d", "-x");
}
