import { parseBuildConfig } from "../../core/build/parse-build-config.ts";
import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import { missingOverrides } from "../../core/plan/missing-overrides.ts";
import { parsePlatform } from "../../core/platform/parse-platform.ts";
import { PLATFORM_FILE } from "../../core/platform/platform.ts";
import type { Problem } from "../../core/values/problem.ts";
import { type ProblemFormat, renderProblems } from "../../core/values/render-problems.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";
import { readUmbrellaFile } from "../umbrella-files.ts";

/** Checks the files named, or all of the umbrella, against one another. Needs no server and changes nothing. */
export async function validate(
  context: CommandContext,
  request: { readonly files: readonly string[]; readonly format: ProblemFormat },
): Promise<number> {
  const named = request.files.length > 0 ? request.files : await allFiles(context);
  const texts = new Map<string, string>();
  for (const typed of [PLATFORM_FILE, ...named]) {
    const read = await readUmbrellaFile(context, typed);
    if (!read.ok) return report(context, [read.error]);
    texts.set(read.value.path, read.value.text);
  }
  const problems = checkAll(texts);
  const errors = problems.filter((problem) => problem.severity === "error");
  const format = context.json ? "json" : request.format;
  if (format !== "text" || problems.length > 0) context.out(renderProblems(problems, format, texts));
  if (errors.length === 0 && format === "text")
    context.out(texts.size === 1 ? "1 file is valid." : `${texts.size} files are valid.`);
  return errors.length === 0 ? EXIT.success : EXIT.invalid;
}

async function allFiles(context: CommandContext): Promise<readonly string[]> {
  const manifests = (await context.files.list("release-manifests")).filter(
    (name) => /\.ya?ml$/.test(name) && !name.endsWith("-release-template.yaml"),
  );
  const builds = (await context.files.list(".")).filter((name) => /^cloudbuild\..*\.ya?ml$/.test(name));
  return [...manifests.map((name) => `release-manifests/${name}`), ...builds];
}

function checkAll(texts: ReadonlyMap<string, string>): readonly Problem[] {
  const platform = parsePlatform(texts.get(PLATFORM_FILE) ?? "", PLATFORM_FILE);
  // Without a platform file nothing can be said of a manifest.
  if (!platform.ok) return platform.problems;
  return [...texts].flatMap(([path, text]) => {
    if (path === PLATFORM_FILE) return platform.warnings;
    if (/(^|\/)cloudbuild[^/]*$/.test(path)) {
      const config = parseBuildConfig(text, path);
      return config.ok ? config.warnings : config.problems;
    }
    const manifest = parseManifest({ text, file: path, platform: platform.value });
    if (!manifest.ok) return manifest.problems;
    const missing = missingOverrides(platform.value, manifest.value);
    return [
      ...manifest.warnings,
      ...missing.map((problem) => ({ ...problem, where: { file: path, line: 1, column: 1 } })),
    ];
  });
}
