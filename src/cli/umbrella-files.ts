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

/** A file of the working folder by a path as a person types it: made one beneath the umbrella, or refused. */
export async function readUmbrellaFile(
  context: CommandContext,
  typed: string,
): Promise<Result<{ readonly path: string; readonly text: string }, Problem>> {
  const path = beneathUmbrella(context.directory, typed);
  if (path === undefined) return err(pathOutside(typed, context.directory));
  const text = await context.files.read(path);
  return text === undefined ? err(fileNotFound(typed)) : ok({ path, text });
}

/** Takes the umbrella's own path off an absolute one; undefined for one that leads elsewhere. */
export function beneathUmbrella(directory: string, typed: string): string | undefined {
  const path = typed.startsWith(`${directory}/`) ? typed.slice(directory.length + 1) : typed.replace(/^(\.\/)+/, "");
  const isBeneath = path !== "" && !/(^|\/)\.\.(\/|$)|^[/~-]|\\|\p{Cc}/u.test(path);
  return isBeneath ? path : undefined;
}
