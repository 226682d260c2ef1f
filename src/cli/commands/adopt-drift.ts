import type { Adoption } from "../../core/drift/adoption.ts";
import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import { parsePlatform } from "../../core/platform/parse-platform.ts";
import { PLATFORM_FILE, type Platform } from "../../core/platform/platform.ts";
import type { Checked } from "../../core/values/checked.ts";
import type { Problem } from "../../core/values/problem.ts";
import { adoptionText, type ChangedFile } from "../../core/views/adoption-text.ts";
import { setEntries } from "../../core/yaml/set-entries.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { fileNotFound } from "../problems.ts";
import { report } from "../report.ts";

/**
 * Declares what is live in the files of the working folder: shows the lines that change, and writes them only when asked
 * to. A file that would have problems afterwards is not written, nor is any other.
 */
export async function adoptDrift(
  context: CommandContext,
  { environment, action }: { readonly environment: string; readonly action: "show" | "write" },
): Promise<number> {
  const planned = await context.server.drift.adoption(environment);
  if (!planned.ok) return report(context, planned.error);
  const { changes, left } = planned.value;
  const files: ChangedFile[] = [];
  const problems: Problem[] = [];
  for (const [file, own] of Map.groupBy(changes, (change) => change.file)) {
    const before = await context.files.read(file);
    if (before === undefined) problems.push(fileNotFound(file));
    else files.push({ file, before, after: setEntries(before, own.map(entryOf)) });
  }
  const checked = problems.length > 0 ? problems : await problemsAfter(context, files);
  if (checked.length > 0) return report(context, checked);
  if (action === "write") for (const { file, after } of files) await context.files.write(file, after);
  if (context.json) {
    const written = action === "write";
    context.out(JSON.stringify({ apiVersion: "mobius/v1", written, changes, left }, undefined, 2));
    return EXIT.success;
  }
  context.out(adoptionText(files, left));
  if (files.length > 0) context.err(action === "write" ? afterWriting(files) : HOW_TO_WRITE);
  return EXIT.success;
}

const HOW_TO_WRITE = "\nNothing is written. To write it: the same command with --write.";

function afterWriting(files: readonly ChangedFile[]): string {
  const isForAll = files.some(({ file }) => file === PLATFORM_FILE);
  const note = isForAll ? ` ${PLATFORM_FILE} counts for every environment that has the service.` : "";
  return `\nWritten. Look at it, commit and push it, then release.${note}`;
}

function entryOf({ path, value }: Adoption) {
  return { path, ...(value === undefined ? {} : { value }) };
}

/** What the files would be refused for. */
async function problemsAfter(context: CommandContext, files: readonly ChangedFile[]): Promise<readonly Problem[]> {
  const changed = files.find(({ file }) => file === PLATFORM_FILE)?.after;
  const text = changed ?? (await context.files.read(PLATFORM_FILE));
  if (text === undefined) return [fileNotFound(PLATFORM_FILE)];
  const platform: Checked<Platform> = parsePlatform(text, PLATFORM_FILE);
  if (!platform.ok) return platform.problems;
  return files.flatMap(({ file, after }) => {
    if (file === PLATFORM_FILE) return [];
    const manifest = parseManifest({ text: after, file, platform: platform.value });
    return manifest.ok ? [] : manifest.problems;
  });
}
