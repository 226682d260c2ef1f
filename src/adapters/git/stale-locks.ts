import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../system/system-clock.ts";

/**
 * Removes the lock files that a killed git left in a bare repository: with one of them there, no later git could change
 * what it locks. A younger file than `minAgeMs` may be held by a git that runs.
 */
export async function removeStaleLocks(repository: string, minAgeMs: number): Promise<void> {
  const top = await namesIn(repository, "direct");
  const refs = (await namesIn(join(repository, "refs"), "all")).map((name) => join("refs", name));
  for (const name of [...top, ...refs].filter((each) => each.endsWith(".lock"))) {
    const path = join(repository, name);
    const changedMs = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (changedMs !== undefined && systemClock.now() - changedMs >= minAgeMs) await rm(path, { force: true });
  }
}

async function namesIn(folder: string, depth: "direct" | "all"): Promise<readonly string[]> {
  return readdir(folder, { recursive: depth === "all" }).catch(() => []);
}
