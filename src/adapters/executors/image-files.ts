import { lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join, posix } from "node:path";
import type { Bind } from "./sandbox.ts";

/** As many links as Linux follows before it gives up. */
const MAX_LINKS = 40;

/** The files that a container will see: an image's, and the host's folders that are put into it. */
export interface ImageFiles {
  readonly rootfs: string;
  readonly binds: readonly Bind[];
}

/** Looks a program up as a shell in the container would: on its PATH, or from its folder where the name has a slash. */
export function findProgram(
  files: ImageFiles,
  { name, path, directory }: { readonly name: string; readonly path: string; readonly directory: string },
): string | undefined {
  const candidates = name.includes("/") ? [name] : path.split(":").map((folder) => posix.join(folder || ".", name));
  return candidates
    .map((candidate) => posix.resolve(directory, candidate))
    .find((candidate) => {
      const stats = statInside(files, candidate);
      return stats?.isFile() === true && (stats.mode & 0o111) !== 0;
    });
}

/** Whether no part of the path is a link of the image: a link would lead a mount point out of the container. */
export function isPlain(files: ImageFiles, path: string): boolean {
  const parts = path.split("/").filter(Boolean);
  return parts.every((_, at) => lstat(join(files.rootfs, ...parts.slice(0, at + 1)))?.isSymbolicLink() !== true);
}

/** The numbers behind an image's `user[:group]`; undefined where its own files do not know the name. */
export function userOf(
  { rootfs }: ImageFiles,
  text: string,
): { readonly user: number; readonly group: number } | undefined {
  if (text === "") return { user: 0, group: 0 };
  const [name = "", groupName] = text.split(":");
  const entry = entryOf(join(rootfs, "etc/passwd"), name);
  const user = /^\d+$/.test(name) ? Number(name) : Number(entry?.[2] ?? Number.NaN);
  const group =
    groupName === undefined
      ? Number(entry?.[3] ?? 0)
      : /^\d+$/.test(groupName)
        ? Number(groupName)
        : Number(entryOf(join(rootfs, "etc/group"), groupName)?.[2] ?? Number.NaN);
  return Number.isInteger(user) && Number.isInteger(group) ? { user, group } : undefined;
}

/** A line of `passwd` or `group`, by name or number. The file may be anything: a link is not followed. */
function entryOf(path: string, name: string): readonly string[] | undefined {
  if (lstat(path)?.isFile() !== true) return undefined;
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.map((line) => line.split(":")).find(([first, , id]) => first === name || id === name);
}

/** What stands at a path of the container, links followed as its kernel would: absolute ones from its own root. */
function statInside(files: ImageFiles, path: string): Stats | undefined {
  const todo = path.split("/").filter(Boolean);
  let at: string[] = [];
  let links = 0;
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === ".") continue;
    if (part === "..") {
      at.pop();
      continue;
    }
    at.push(part);
    const host = hostPathOf(files, at);
    if (lstat(host)?.isSymbolicLink() !== true) continue;
    if (++links > MAX_LINKS) return undefined;
    const target = readlinkSync(host);
    at = target.startsWith("/") ? [] : at.slice(0, -1);
    todo.unshift(...target.split("/").filter(Boolean));
  }
  return lstat(hostPathOf(files, at));
}

function hostPathOf({ rootfs, binds }: ImageFiles, parts: readonly string[]): string {
  const path = `/${parts.join("/")}`;
  const bind = binds.findLast(({ to }) => path === to || path.startsWith(`${to}/`));
  return bind === undefined ? join(rootfs, path) : join(bind.from, path.slice(bind.to.length));
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
