import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePlatform } from "../core/platform/parse-platform.ts";
import { PLATFORM_FILE, type Platform } from "../core/platform/platform.ts";
import type { Checked } from "../core/values/checked.ts";

/** The platform file of the umbrella's folder as it stands there; a missing one reads as an empty one. */
export async function readPlatform(directory: string): Promise<Checked<Platform>> {
  return parsePlatform(await readFile(join(directory, PLATFORM_FILE), "utf8").catch(() => ""), PLATFORM_FILE);
}
