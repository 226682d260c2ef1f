import { access, mkdir, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { digestOf } from "../../core/values/digest.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SourceRefusal } from "../../ports/source.ts";
import { GitError, runGit } from "./run-git.ts";

/** A fetch younger than this is fresh. */
const FRESH_MS = 1_000;
const FETCH_MS = 300_000;

export interface MirrorOptions {
  readonly mirrorsDirectory: string;
  readonly umbrellaDirectory: string;
  readonly clock: Clock;
}

/** Bare mirrors of repositories that hold nothing but what their remotes have in heads and tags. */
export class Mirrors {
  readonly #options: MirrorOptions;
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #fetchedMs = new Map<string, number>();

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** The mirror's folder; made, and filled, when missing. */
  async folder(url: string): Promise<Result<string, SourceRefusal>> {
    const folder = this.#folderOf(url);
    if (this.#fetchedMs.has(url) || (await exists(join(folder, "HEAD")))) return ok(folder);
    const refreshed = await this.refresh(url);
    return refreshed.ok ? ok(folder) : refreshed;
  }

  /** Fetches; one fetch of a repository at a time, later callers share its outcome when it is fresh. */
  refresh(url: string): Promise<Result<void, SourceRefusal>> {
    const turn = (this.#turns.get(url) ?? Promise.resolve()).then(() => this.#refresh(url));
    this.#turns.set(
      url,
      turn.catch(() => {}),
    );
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
    const { clock, mirrorsDirectory } = this.#options;
    const fetchedMs = this.#fetchedMs.get(url);
    if (fetchedMs !== undefined && clock.monotonicMs() - fetchedMs < FRESH_MS) return ok(undefined);
    const refused = await this.#refusal(url);
    if (refused !== undefined) return err({ kind: "unreachable", url, reason: refused });
    const folder = this.#folderOf(url);
    try {
      if (!(await exists(join(folder, "HEAD")))) {
        await mkdir(mirrorsDirectory, { recursive: true });
        await runGit(["init", "--quiet", "--bare", folder], { cwd: mirrorsDirectory });
      }
      const source = this.absoluteUrl(url);
      const env = { GIT_ALLOW_PROTOCOL: protocolOf(source) };
      const refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
      await runGit(["fetch", "--quiet", "--prune", "--force", "--no-tags", "--", source, ...refs], {
        cwd: folder,
        env,
        timeoutMs: FETCH_MS,
      });
      await this.#followHead(folder, source, env);
    } catch (cause) {
      return err({ kind: "unreachable", url, reason: cause instanceof GitError ? cause.message : String(cause) });
    }
    this.#fetchedMs.set(url, clock.monotonicMs());
    return ok(undefined);
  }

  /** The remote's default branch becomes the mirror's, so that HEAD means the same in both. */
  async #followHead(folder: string, source: string, env: Readonly<Record<string, string>>): Promise<void> {
    const told = await runGit(["ls-remote", "--symref", "--", source, "HEAD"], {
      cwd: folder,
      env,
      timeoutMs: FETCH_MS,
    });
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
