import { readPlatform } from "./read-platform.ts";

/** Whether the platform file of the umbrella's folder names the repository, in these very words. */
export async function isDeclaredRepository(directory: string, url: string): Promise<boolean> {
  const platform = await readPlatform(directory);
  if (!platform.ok) return false;
  const { git, modules } = platform.value;
  const declared = Object.values(modules).flatMap(({ source }) => (source.kind === "repository" ? [source.url] : []));
  return url === git.umbrella || declared.includes(url);
}
