import { execFile } from "node:child_process";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";

/** What a source may hold before it is packed: it is built in memory. */
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_LISTING_BYTES = 64 * 1024 * 1024;

/**
 * Packs a folder's files, links as links: those that git tracks or would track, or all of them but `.git` where the folder
 * is in no repository. Throws where there is more than a source may hold.
 */
export async function packFolder(folder: string): Promise<{ readonly archive: Blob; readonly files: number }> {
  const paths = await listed(folder);
  const packer = pack();
  const packed = buffer(packer.pipe(createGzip()));
  let bytes = 0;
  let files = 0;
  for (const path of paths) {
    const stats = await lstat(join(folder, path)).catch(() => undefined); // deleted, and git does not know it yet
    if (stats?.isSymbolicLink())
      packer.entry({ name: path, type: "symlink", linkname: await readlink(join(folder, path)) });
    else if (stats?.isFile())
      packer.entry({ name: path, mode: stats.mode & 0o777 }, await readFile(join(folder, path)));
    else continue;
    files += 1;
    bytes += stats.size;
    if (bytes > MAX_BYTES) throw new Error(`${folder} holds more than ${MAX_BYTES} bytes`);
  }
  packer.finalize();
  return { archive: new Blob([new Uint8Array(await packed)]), files };
}

async function listed(folder: string): Promise<readonly string[]> {
  try {
    const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const { stdout } = await promisify(execFile)("git", args, { cwd: folder, maxBuffer: MAX_LISTING_BYTES });
    return [...new Set(stdout.split("\0").filter(Boolean))].sort();
  } catch {
    const all = await readdir(folder, { recursive: true });
    return all.filter((path) => path !== ".git" && !path.startsWith(".git/")).sort();
  }
}
