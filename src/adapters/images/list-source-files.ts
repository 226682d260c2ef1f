import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasWildcard, matchesGlob } from "../../core/values/glob.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { imageIncludeMissing, imageLinkOutside } from "./problems.ts";
import { staysInside } from "./stays-inside.ts";

/** More files than this beneath one folder are not a service's source. */
const MAX_FILES = 100_000;

/**
 * The files that the patterns stand for (rules: `matchesGlob`), relative to `root` and sorted. Git's own folder is never
 * among them, and folders are not entered through symbolic links. Every pattern must find something.
 */
export async function listSourceFiles({
  root,
  include,
}: {
  readonly root: string;
  readonly include: readonly string[];
}): Promise<Result<readonly string[], NonEmpty<Problem>>> {
  const found = new Set<string>();
  const problems: Problem[] = [];
  for (const pattern of new Set(include)) {
    const matching = (await beneath(root, startOf(pattern))).filter((file) => matchesGlob(pattern, file));
    if (matching.length === 0) problems.push(imageIncludeMissing(pattern));
    for (const file of matching) found.add(file);
  }
  const files = [...found].sort();
  for (const file of files) {
    if (!(await staysInside(root, file))) problems.push(imageLinkOutside(file));
  }
  const [first, ...rest] = problems;
  return first === undefined ? ok(files) : err([first, ...rest]);
}

/** The part of a pattern before its first wildcard; undefined where it could only name something outside. */
function startOf(pattern: string): readonly string[] | undefined {
  if (pattern.startsWith("/")) return undefined;
  const segments = pattern.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) return undefined;
  const wildcard = segments.findIndex(hasWildcard);
  return wildcard === -1 ? segments : segments.slice(0, wildcard);
}

async function beneath(root: string, start: readonly string[] | undefined): Promise<readonly string[]> {
  if (start === undefined || start.includes(".git")) return [];
  for (let depth = 1; depth <= start.length; depth++) {
    const stats = await lstat(join(root, ...start.slice(0, depth))).catch(ignoreMissing);
    if (stats === undefined) return [];
    if (!stats.isDirectory()) return depth === start.length ? [start.join("/")] : [];
  }
  const files: string[] = [];
  await walk(root, start.join("/"), files);
  return files;
}

async function walk(root: string, folder: string, files: string[]): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    if (entry.name === ".git") continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) await walk(root, path, files);
    else if (entry.isFile() || entry.isSymbolicLink()) files.push(path);
    if (files.length > MAX_FILES) throw new Error(`more than ${MAX_FILES} files beneath ${root}`);
  }
}

function ignoreMissing(error: unknown): undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
}
