import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** All files beneath a folder with their texts, by path with forward slashes. A folder that is missing is empty. */
export async function readTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ignoreMissing);
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(folder.length + 1).replaceAll("\\", "/"), await readFile(path, "utf8")] as const;
  });
  return new Map(await Promise.all(read));
}

function ignoreMissing(error: unknown): [] {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
  throw error;
}
