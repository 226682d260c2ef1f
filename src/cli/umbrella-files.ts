import { isAbsolute, relative, resolve } from "node:path";
import { parsePlatform } from "../core/platform/parse-platform.ts";
import { PLATFORM_FILE, type Platform } from "../core/platform/platform.ts";
import type { Checked } from "../core/values/checked.ts";
import type { Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import type { CommandContext } from "./command-context.ts";
import { fileNotFound, pathOutside } from "./problems.ts";

/** The platform file of the working folder. */
export async function readPlatform(context: CommandContext): Promise<Checked<Platform>> {
  const text = await context.files.read(PLATFORM_FILE);
  if (text === undefined) return { ok: false, problems: [fileNotFound(PLATFORM_FILE)] };
  return parsePlatform(text, PLATFORM_FILE);
}

/**
 * A file of the umbrella by a path as a person types it: seen from where they are, or else from the umbrella's folder. One
 * that leads out of the umbrella is refused.
 */
export async function readUmbrellaFile(
  context: CommandContext,
  typed: string,
): Promise<Result<{ readonly path: string; readonly text: string }, Problem>> {
  const { directory, cwd, files } = context;
  const candidates = [resolve(cwd, typed), resolve(directory, typed)].flatMap((file) => beneath(directory, file) ?? []);
  for (const path of candidates) {
    const text = await files.read(path);
    if (text !== undefined) return ok({ path, text });
  }
  return err(candidates.length === 0 ? pathOutside(typed, directory) : fileNotFound(typed));
}

/** The path beneath the umbrella; undefined for a file that is elsewhere. */
function beneath(directory: string, file: string): string | undefined {
  const path = relative(directory, file);
  return path === "" || path.startsWith("..") || isAbsolute(path) || /\\|\p{Cc}/u.test(path) ? undefined : path;
}
