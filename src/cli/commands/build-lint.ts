import { fixBuildConfig, lintBuildConfig } from "../../core/build/lint-build-config.ts";
import { renderProblems } from "../../core/values/render-problems.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";
import { readUmbrellaFile } from "../umbrella-files.ts";

/** Says what of a build file would be refused, unsafe or different; `fix` mends in place what it can. */
export async function buildLint(
  context: CommandContext,
  request: { readonly file: string; readonly action: "report" | "fix" },
): Promise<number> {
  const read = await readUmbrellaFile(context, request.file);
  if (!read.ok) return report(context, [read.error]);
  const { path, text } = read.value;
  const mended = request.action === "fix" ? fixBuildConfig(text) : text;
  if (mended !== text) {
    await context.files.write(path, mended);
    context.err(`${path} mended.`);
  }
  const problems = lintBuildConfig(mended, path);
  const isBad = problems.some((problem) => problem.severity === "error");
  const shown = renderProblems(problems, context.json ? "json" : "text", new Map([[path, mended]]));
  if (context.json || problems.length > 0) context.out(shown);
  else context.out(`${path} is valid.`);
  return isBad ? EXIT.invalid : EXIT.success;
}
