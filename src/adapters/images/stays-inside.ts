import { lstat, readlink } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

/** As many links as Linux follows before it gives up. */
const MAX_LINKS = 40;

/**
 * Whether a path beneath `root`, followed through every symbolic link, never leaves `root` on its way. Each link is
 * followed as the kernel would: `a/..` behind a link is the parent of what the link leads to. A link to nothing stays
 * inside where its text does. `root` itself may be reached through links.
 */
export async function staysInside(root: string, path: string): Promise<boolean> {
  const todo = path.split("/");
  const at: string[] = [];
  let links = 0;
  for (let segment = todo.shift(); segment !== undefined; segment = todo.shift()) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") {
      if (at.pop() === undefined) return false;
      continue;
    }
    at.push(segment);
    const target = await linkTarget(join(root, ...at));
    if (target === undefined) continue;
    if (isAbsolute(target) || ++links > MAX_LINKS) return false;
    at.pop();
    todo.unshift(...target.split("/"));
  }
  return true;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
