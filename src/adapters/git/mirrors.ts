import { access, mkdir, mkdtemp, realpath, rename, rm } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { digestOf } from "../../core/values/digest.ts";
import { isRemoteRepository } from "../../core/values/repository-url.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { SourceRefusal } from "../../ports/source.ts";
import { GitError, runGit } from "./run-git.ts";
import { removeStaleLocks } from "./stale-locks.ts";

const FETCH_MS = 300_000;
/** Git itself waits as long for a lock that another process holds; one that is still there has nobody any more. */
const LOCK_MS = 5_000;
const LOCK_TRIES = 5;

export interface MirrorOptions {
  readonly mirrorsDirectory: string;
  readonly umbrellaDirectory: string;
}

/** Bare mirrors of repositories that hold nothing but what their remotes have in heads and tags. */
export class Mirrors {
  readonly #options: MirrorOptions;
  /** Folders of mirrors that are known to hold something. */
  readonly #filled = new Set<string>();
  readonly #running = new Map<string, Promise<unknown>>();
  /** Refreshes that have not started: whoever asks meanwhile shares them. */
  readonly #waiting = new Map<string, Promise<Result<void, SourceRefusal>>>();

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** The mirror's folder; made, and filled, when missing. */
  async folder(url: string): Promise<Result<string, SourceRefusal>> {
    const folder = this.#folderOf(url);
    try {
      const isKnown = this.#filled.has(folder) && (await exists(join(folder, "HEAD")));
      if (isKnown || (await isFilled(folder))) {
        this.#filled.add(folder);
        return ok(folder);
      }
    } catch (cause) {
      return unreachable(url, cause);
    }
    const refreshed = await this.refresh(url);
    return refreshed.ok ? ok(folder) : refreshed;
  }

  /**
   * Brings the mirror to what the remote has at some moment after this call: one refresh of a repository runs at a
   * time, and one that runs already may have missed what the caller knows of.
   */
  refresh(url: string): Promise<Result<void, SourceRefusal>> {
    const waiting = this.#waiting.get(url);
    if (waiting !== undefined) return waiting;
    const turn = (this.#running.get(url) ?? Promise.resolve()).then(() => {
      this.#waiting.delete(url);
      return this.#refresh(url);
    });
    this.#waiting.set(url, turn);
    const ended = turn.catch(() => {}).then(() => void (this.#running.get(url) === ended && this.#running.delete(url)));
    this.#running.set(url, ended);
    return turn;
  }

  /** The URL, or the path of a local repository, resolved against the umbrella's folder. */
  absoluteUrl(url: string): string {
    const path = url.startsWith("file://") ? (pathOf(url) ?? url) : url;
    return isRemoteRepository(path) || isAbsolute(path) ? path : resolve(this.#options.umbrellaDirectory, path);
  }

  #folderOf(url: string): string {
    return join(this.#options.mirrorsDirectory, `${digestOf(this.absoluteUrl(url)).slice(7, 39)}.git`);
  }

  async #refresh(url: string): Promise<Result<void, SourceRefusal>> {
    const refused = await this.#refusal(url);
    if (refused !== undefined) return err({ kind: "unreachable", url, reason: refused });
    const folder = this.#folderOf(url);
    try {
      await this.#fetchBesideOthers(folder, this.absoluteUrl(url));
      return ok(undefined);
    } catch (cause) {
      return unreachable(url, cause);
    }
  }

  /** Another process may fetch into the same mirror, or was killed when it did: each try finds more of it done. */
  async #fetchBesideOthers(folder: string, source: string): Promise<void> {
    for (let triesLeft = LOCK_TRIES; ; triesLeft -= 1) {
      try {
        return await this.#fetch(folder, source);
      } catch (cause) {
        const isLocked = cause instanceof GitError && /\.lock': File exists|cannot lock ref/.test(cause.stderr);
        if (!isLocked || triesLeft === 0) throw cause;
        await removeStaleLocks(folder, LOCK_MS);
      }
    }
  }

  /** Asks the remote for its refs, which is cheap, and fetches when they are others than the mirror's. */
  async #fetch(folder: string, source: string): Promise<void> {
    if (!(await isWhole(folder))) await this.#make(folder);
    const options = { cwd: folder, env: { GIT_ALLOW_PROTOCOL: protocolOf(source) }, timeoutMs: FETCH_MS };
    const told = await runGit(["ls-remote", "--symref", "--", source, "HEAD", "refs/heads/*", "refs/tags/*"], options);
    const kept = await runGit(["for-each-ref", "--format=%(objectname)%09%(refname)"], { cwd: folder });
    if (remoteRefs(told) !== kept.trim()) {
      const refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
      await runGit(["fetch", "--quiet", "--prune", "--force", "--no-tags", "--", source, ...refs], options);
    }
    // The remote's default branch becomes the mirror's, so that HEAD means the same in both.
    const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(told)?.[1];
    if (branch !== undefined) await runGit(["symbolic-ref", "HEAD", branch], { cwd: folder });
  }

  /** Puts an empty mirror there in one move: what is cut off, or done by two processes, leaves none that is half made. */
  async #make(folder: string): Promise<void> {
    await mkdir(this.#options.mirrorsDirectory, { recursive: true });
    const made = await mkdtemp(join(this.#options.mirrorsDirectory, "new-"));
    try {
      await runGit(["init", "--quiet", "--bare", "--template=", "."], { cwd: made });
      // A folder that another process has put there meanwhile is whole, and stays.
      if ((await exists(folder)) && !(await isWhole(folder))) await rm(folder, { recursive: true, force: true });
      await rename(made, folder);
    } catch (cause) {
      await rm(made, { recursive: true, force: true });
      if (!(await isWhole(folder))) throw cause; // otherwise another process was faster
    }
  }

  /** A local repository must stand beneath the umbrella's parent folder; nothing may look like an option. */
  async #refusal(url: string): Promise<string | undefined> {
    if (url.startsWith("-") || url.includes("::") || /[\s\p{Cc}]/u.test(url)) return "this is no repository's address";
    if (isRemoteRepository(url)) {
      const hasPassword = /^[a-z]+:\/\/[^/@]*:[^/@]*@/.test(url);
      return hasPassword ? "an address must not hold credentials: use git.credentials" : undefined;
    }
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1];
    if (scheme !== undefined && scheme !== "file")
      return `${scheme} is no way to a repository: https, ssh or a folder is`;
    try {
      const real = await realpath(this.absoluteUrl(url));
      const allowed = await realpath(dirname(resolve(this.#options.umbrellaDirectory)));
      return isBeneath(allowed, real) ? undefined : `a local repository must stand beneath ${allowed}`;
    } catch {
      return "there is no such folder";
    }
  }
}

/** Branches and tags of an answer of `ls-remote`, in the order and form of `for-each-ref`. */
function remoteRefs(told: string): string {
  return told
    .split("\n")
    .filter((line) => /^[0-9a-f]+\trefs\//.test(line) && !line.endsWith("^{}"))
    .sort((a, b) => (a.slice(a.indexOf("\t")) < b.slice(b.indexOf("\t")) ? -1 : 1))
    .join("\n");
}

function unreachable(url: string, cause: unknown): Result<never, SourceRefusal> {
  return err({ kind: "unreachable", url, reason: cause instanceof GitError ? cause.message : String(cause) });
}

/** Has what git takes a folder for a repository by. */
async function isWhole(folder: string): Promise<boolean> {
  const parts = await Promise.all(["HEAD", "objects", "refs"].map((name) => exists(join(folder, name))));
  return parts.every(Boolean);
}

/** A mirror that was only begun has no refs. */
async function isFilled(folder: string): Promise<boolean> {
  if (!(await isWhole(folder))) return false;
  return (await runGit(["for-each-ref", "--count=1"], { cwd: folder })).trim() !== "";
}

/** The one protocol that git may use for an address. */
export function protocolOf(url: string): string {
  if (/^[^/:]+@[^/:]+:/.test(url)) return "ssh";
  return /^(https|ssh|file):\/\//.exec(url)?.[1] ?? "file";
}

/** Undefined for a file on another host. */
function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

function isBeneath(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith("..") && !isAbsolute(way);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
