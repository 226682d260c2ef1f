import { basename, isAbsolute, relative, resolve } from "node:path";
import { type Imported, importPlatform } from "../../core/adoption/import-platform.ts";
import { renderImportReport } from "../../core/adoption/import-report.ts";
import { parseGitmodules } from "../../core/adoption/umbrella-modules.ts";
import { PLATFORM_FILE } from "../../core/platform/platform.ts";
import type { Problem } from "../../core/values/problem.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { fileNotFound } from "../problems.ts";
import { report } from "../report.ts";

export interface ImportOptions {
  readonly files: readonly string[];
  /** What the inputs do not say. */
  readonly said: {
    readonly environment?: string;
    readonly project?: string;
    readonly region?: string;
    readonly service?: string;
  };
  /** Shown only, or written. */
  readonly action: "show" | "write";
}

/**
 * Turns descriptions of running services and files of variables into the platform file, or adds them to the one there is.
 * Shows the file and the report; writes only when asked to, and only where every input could be read.
 */
export async function importFiles(context: CommandContext, { files, said, action }: ImportOptions): Promise<number> {
  const inputs: { readonly file: string; readonly text: string }[] = [];
  const missing: Problem[] = [];
  for (const typed of files) {
    const input = await readInput(context, typed);
    if (input === undefined) missing.push(fileNotFound(typed));
    else inputs.push(input);
  }
  if (missing.length > 0) return report(context, missing);
  const existing = await context.files.read(PLATFORM_FILE);
  const imported = importPlatform({
    inputs,
    said,
    ...(existing === undefined ? {} : { existing }),
    name: basename(context.directory),
    umbrella: parseGitmodules((await context.files.read(".gitmodules")) ?? ""),
  });
  if (!imported.ok) return report(context, imported.error);
  if (action === "write") await context.files.write(PLATFORM_FILE, imported.value.text);
  show(context, imported.value, action);
  return EXIT.success;
}

function show(context: CommandContext, imported: Imported, action: ImportOptions["action"]): void {
  if (context.json) {
    context.out(JSON.stringify({ apiVersion: "mobius/v1", written: action === "write", ...imported }, undefined, 2));
    return;
  }
  context.out(action === "write" ? `${PLATFORM_FILE} written.` : imported.text.trimEnd());
  context.err(renderImportReport(imported.report));
  if (action === "show") context.err("\nNothing is written. To write it: the same command with --write.");
}

/** A file anywhere, as it is typed, or standard input for `-`. Beneath the umbrella it is called by its path there. */
async function readInput(context: CommandContext, typed: string): Promise<{ file: string; text: string } | undefined> {
  if (typed === "-") {
    const bytes = await context.input();
    return bytes === undefined ? undefined : { file: "standard input", text: new TextDecoder().decode(bytes) };
  }
  const full = resolve(context.cwd, typed);
  const path = relative(context.directory, full);
  const text = await context.files.read(path);
  if (text === undefined) return undefined;
  return { file: path.startsWith("..") || isAbsolute(path) ? full : path, text };
}
