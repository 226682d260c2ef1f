import { access, mkdir, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { digestOf } from "../../core/values/digest.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { SourceRefusal } from "../../ports/source.ts";
import { GitError, runGit } from "./run-git.ts";

const FETCH_MS = 300_000;

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
    if (this.#filled.has(folder) || (await isFilled(folder))) {
      this.#filled.add(folder);
      return ok(folder);
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

  /** The URL with a relative path resolved against the umbrella's folder. */
  absoluteUrl(url: string): string {
    return isRemote(url) || isAbsolute(url) ? url : resolve(this.#options.umbrellaDirectory, url);
  }

  #folderOf(url: string): string {
    return join(this.#options.mirrorsDirectory, `${digestOf(this.absoluteUrl(url)).slice(7, 39)}.git`);
  }

  async #refresh(url: string): Promise<Result<void, SourceRefusal>> {
    const refused = await this.#refusal(url);
    if (refused !== undefined) return err({ kind: "unreachable", url, reason: refused });
    try {
      await this.#fetch(this.#folderOf(url), this.absoluteUrl(url));
      return ok(undefined);
    } catch (cause) {
      return err({ kind: "unreachable", url, reason: cause instanceof GitError ? cause.message : String(cause) });
    }
  }

  /** Asks the remote for its refs, which is cheap, and fetches when they are others than the mirror's. */
  async #fetch(folder: string, source: string): Promise<void> {
    if (!(await exists(join(folder, "HEAD")))) {
      await mkdir(this.#options.mirrorsDirectory, { recursive: true });
      await runGit(["init", "--quiet", "--bare", folder], { cwd: this.#options.mirrorsDirectory });
    }
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

  /** A local repository must stand beneath the umbrella's parent folder; nothing may look like an option. */
  async #refusal(url: string): Promise<string | undefined> {
    if (url.startsWith("-") || url.includes("::") || /[\s\p{Cc}]/u.test(url)) return "this is no repository's address";
    if (isRemote(url)) {
      const hasPassword = /^[a-z]+:\/\/[^/@]*:[^/@]*@/.test(url);
      return hasPassword ? "an address must not hold credentials: use git.credentials" : undefined;
    }
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

/** A mirror that was only begun has no refs. */
async function isFilled(folder: string): Promise<boolean> {
  if (!(await exists(join(folder, "HEAD")))) return false;
  return (await runGit(["for-each-ref", "--count=1"], { cwd: folder })).trim() !== "";
}

/** The one protocol that git may use for an address. */
export function protocolOf(url: string): string {
  if (/^[^/:]+@[^/:]+:/.test(url)) return "ssh";
  return /^(https|ssh|file):\/\//.exec(url)?.[1] ?? "file";
}

function isRemote(url: string): boolean {
  return /^(https|ssh):\/\//.test(url) || /^[^/:]+@[^/:]+:/.test(url);
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
