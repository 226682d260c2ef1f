import { chmod, mkdir, rm } from "node:fs/promises";
import { type CommitId, isCommitId } from "../../core/values/ids.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { fromIso } from "../../core/values/time.ts";
import type { Commit, Source, SourceRefusal, TreeEntry } from "../../ports/source.ts";
import { type MirrorOptions, Mirrors } from "./mirrors.ts";
import { GitError, runGit } from "./run-git.ts";

const REF = /^[A-Za-z0-9][\w./+@-]*$/;
const SHORT = /^[0-9a-f]{4,39}$/;

/** Source over git mirrors. Begin here; `mirrors.ts` keeps the mirrors, `run-git.ts` starts git. */
export function createSource(options: MirrorOptions): Source & { readonly absoluteUrl: (url: string) => string } {
  const mirrors = new Mirrors(options);
  const inMirror = async <T>(url: string, read: (folder: string) => Promise<T>): Promise<T> => {
    const folder = await mirrors.folder(url);
    if (!folder.ok)
      throw new Error(`${url}: ${folder.error.kind === "unreachable" ? folder.error.reason : "not found"}`);
    return read(folder.value);
  };
  return {
    absoluteUrl: (url) => mirrors.absoluteUrl(url),
    refresh: (url) => mirrors.refresh(url),
    async resolve(url, ref) {
      const folder = await mirrors.folder(url);
      if (!folder.ok) return folder;
      if (!REF.test(ref) || ref.includes("..")) return err({ kind: "not-found", url, ref });
      return refusing(url, () => resolveIn(folder.value, url, ref));
    },
    readFile: (url, commit, path) => inMirror(url, (folder) => readBlob(folder, commit, path)),
    list: (url, commit, path) => inMirror(url, (folder) => listTree(folder, commit, path)),
    log: (url, range) => inMirror(url, (folder) => readLog(folder, range)),
    async checkout(url, commit, into) {
      const folder = await mirrors.folder(url);
      if (!folder.ok) return folder;
      return refusing(url, async () => {
        const known = await revParse(folder.value, commit);
        if (known === undefined) return err({ kind: "not-found", url, ref: commit });
        await checkoutFrom(folder.value, commit, into);
        return ok(undefined);
      });
    },
  };
}

/** A mirror that cannot be read keeps the repository from being reached, as the remote's silence would. */
async function refusing<T>(
  url: string,
  run: () => Promise<Result<T, SourceRefusal>>,
): Promise<Result<T, SourceRefusal>> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof GitError) return err({ kind: "unreachable", url, reason: cause.message });
    throw cause;
  }
}

async function checkoutFrom(folder: string, commit: CommitId, into: string): Promise<void> {
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  const index = { GIT_INDEX_FILE: `${into}.index` };
  const remove = () => Promise.all([`${into}.index`, `${into}.index.lock`].map((path) => rm(path, { force: true })));
  try {
    await remove(); // a killed checkout's
    const at = ["--git-dir", folder, "--work-tree", into];
    await runGit([...at, "read-tree", commit], { cwd: into, env: index });
    await runGit([...at, "checkout-index", "--all", "--force"], { cwd: into, env: index });
  } finally {
    await remove();
  }
  await chmod(into, 0o755);
}

/** A branch or tag first, then a commit id; only what a head or tag leads to counts as being at the remote. */
async function resolveIn(folder: string, url: string, ref: string): Promise<Result<CommitId, SourceRefusal>> {
  const notFound = err({ kind: "not-found", url, ref } as const);
  const named = ref === "HEAD" ? ["HEAD"] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  if (!isCommitId(ref)) {
    for (const name of named) {
      const commit = await revParse(folder, name);
      if (commit !== undefined) return ok(commit);
    }
    if (!SHORT.test(ref)) return notFound;
    const candidates = (await runGit(["rev-parse", `--disambiguate=${ref}`], { cwd: folder }))
      .split("\n")
      .filter(Boolean);
    const commits: CommitId[] = [];
    for (const candidate of candidates) {
      const commit = await revParse(folder, candidate);
      if (commit === candidate && (await isReachable(folder, candidate))) commits.push(commit);
    }
    const [first, ...others] = commits;
    if (others.length > 0) return err({ kind: "ambiguous", url, ref });
    return first === undefined ? notFound : ok(first);
  }
  const commit = await revParse(folder, ref);
  return commit !== undefined && (await isReachable(folder, commit)) ? ok(commit) : notFound;
}

async function revParse(folder: string, name: string): Promise<CommitId | undefined> {
  try {
    const id = (
      await runGit(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`], { cwd: folder })
    ).trim();
    return isCommitId(id) ? id : undefined;
  } catch (cause) {
    if (cause instanceof GitError && cause.exitCode !== undefined) return undefined; // git's own no
    throw cause;
  }
}

async function isReachable(folder: string, commit: string): Promise<boolean> {
  const found = await runGit(["for-each-ref", "--count=1", "--format=%(refname)", `--contains=${commit}`], {
    cwd: folder,
  });
  return found.trim() !== "";
}

async function readBlob(folder: string, commit: CommitId, path: string): Promise<string | undefined> {
  try {
    return await runGit(["cat-file", "blob", `${commit}:${path}`], { cwd: folder });
  } catch (cause) {
    if (cause instanceof GitError && cause.exitCode !== undefined) return undefined; // git's own no
    throw cause;
  }
}

async function listTree(folder: string, commit: CommitId, path: string): Promise<readonly TreeEntry[]> {
  const beneath = path === "." ? [] : ["--", path];
  const listed = await runGit(["ls-tree", "-r", "-z", "--full-tree", commit, ...beneath], { cwd: folder });
  return listed
    .split("\0")
    .filter(Boolean)
    .map((line) => {
      const [, mode = "", type, object = "", name = ""] = /^(\d+) (\w+) ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
      return { path: name, mode, kind: type === "commit" ? "submodule" : "file", object };
    });
}

async function readLog(
  folder: string,
  range: { readonly from?: CommitId; readonly to: CommitId; readonly limit: number },
): Promise<readonly Commit[]> {
  const span = range.from === undefined ? [range.to] : [range.to, `^${range.from}`];
  const format = "--format=%H%x00%an%x00%cI%x00%s%x00";
  const text = await runGit(["log", `--max-count=${range.limit}`, format, ...span, "--"], { cwd: folder });
  const fields = text.split("\0").map((field) => field.trim());
  const commits: Commit[] = [];
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [id = "", author = "", committed = "", subject = ""] = fields.slice(at, at + 4);
    if (isCommitId(id)) commits.push({ id, author, at: fromIso(committed), subject });
  }
  return commits;
}
