import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePlatform } from "../core/platform/parse-platform.ts";
import { PLATFORM_FILE } from "../core/platform/platform.ts";

/** Whether the platform file of the umbrella's folder names the repository, in these very words. */
export async function isDeclaredRepository(directory: string, url: string): Promise<boolean> {
  const text = await readFile(join(directory, PLATFORM_FILE), "utf8").catch(() => "");
  const platform = parsePlatform(text, PLATFORM_FILE);
  if (!platform.ok) return false;
  const { git, modules } = platform.value;
  const declared = Object.values(modules).flatMap(({ source }) => (source.kind === "repository" ? [source.url] : []));
  return url === git.umbrella || declared.includes(url);
}
