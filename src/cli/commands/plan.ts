import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import { isNothingToDo } from "../../core/plan/plan.ts";
import { buildConfigText, renderBuild } from "../../core/plan/render-build.ts";
import { PLATFORM_FILE } from "../../core/platform/platform.ts";
import { present } from "../../core/values/assert.ts";
import { planText } from "../../core/views/plan-text.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report, warn } from "../report.ts";
import { readPlatform, readUmbrellaFile } from "../umbrella-files.ts";

export interface PlanOptions {
  readonly manifest: string;
  readonly environment?: string;
  readonly isExitCodeDetailed: boolean;
  readonly drop: readonly string[];
}

/** Shows what a release of the manifest, as it stands in the working folder, would change and why. */
export async function plan(context: CommandContext, options: PlanOptions): Promise<number> {
  const manifest = await readUmbrellaFile(context, options.manifest);
  if (!manifest.ok) return report(context, [manifest.error]);
  const platformText = await context.files.read(PLATFORM_FILE);
  const answer = await context.server.plan({
    manifest: manifest.value.path,
    manifestText: manifest.value.text,
    ...(platformText === undefined ? {} : { platformText }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    drop: options.drop,
  });
  if (!answer.ok) return report(context, answer.error);
  const { plan: made, outlook, warnings } = answer.value;
  warn(context, warnings);
  context.out(
    context.json
      ? JSON.stringify({ apiVersion: "mobius/v1", ...made, outlook }, undefined, 2)
      : planText(made, outlook),
  );
  return options.isExitCodeDetailed && !isNothingToDo(made) ? EXIT.differences : EXIT.success;
}

/** Prints the Cloud Build configuration of the manifest's environment. */
export async function render(context: CommandContext, typed: string): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const file = await readUmbrellaFile(context, typed);
  if (!file.ok) return report(context, [file.error]);
  const { path, text } = file.value;
  const manifest = parseManifest({ text, file: path, platform: platform.value });
  if (!manifest.ok) return report(context, manifest.problems);
  const name = manifest.value.environment;
  const environment = present(platform.value.environments[name], `environment ${name}`);
  const config = renderBuild({ platform: platform.value, environment, manifestFile: path });
  context.out(context.json ? JSON.stringify(config, undefined, 2) : buildConfigText(config, name).trimEnd());
  return EXIT.success;
}
