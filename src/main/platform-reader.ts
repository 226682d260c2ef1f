import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePlatform } from "../core/platform/parse-platform.ts";
import { PLATFORM_FILE, type Platform } from "../core/platform/platform.ts";

/**
 * Reads the umbrella's platform file again and again, and parses it where its text has changed. While it cannot be parsed,
 * the last good one counts: a file that is being edited takes nobody's rights away.
 */
export function platformReader(directory: string): () => Promise<Platform | undefined> {
  let text: string | undefined;
  let platform: Platform | undefined;
  return async () => {
    const now = await readFile(join(directory, PLATFORM_FILE), "utf8").catch(() => text);
    if (now === undefined || now === text) return platform;
    text = now;
    const parsed = parsePlatform(now, PLATFORM_FILE);
    if (parsed.ok) platform = parsed.value;
    return platform;
  };
}
