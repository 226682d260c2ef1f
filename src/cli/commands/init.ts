import { basename } from "node:path";
import { starterFiles } from "../../core/adoption/starter-files.ts";
import type { UmbrellaFolder } from "../../core/adoption/umbrella-folders.ts";
import { parseGitmodules } from "../../core/adoption/umbrella-modules.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";

/** More folders than an umbrella has. */
const MAX_FOLDERS = 500;
const MANIFESTS = "release-manifests";

/**
 * Writes the first files of a platform, made from what is in the umbrella: modules, images, environments, templates of
 * manifests and the schemas that editors check them by. Writes over nothing; says what it wrote and how to undo it.
 */
export async function init(context: CommandContext): Promise<number> {
  const { files } = context;
  const umbrella = parseGitmodules((await files.read(".gitmodules")) ?? "");
  const names = (await files.list(".")).filter((name) => /^\w[^\\\p{Cc}]*$/u.test(name) && name !== "node_modules");
  const paths = [...new Set([".", ...umbrella.map(({ path }) => path), ...names.slice(0, MAX_FOLDERS)])];
  const folders = await Promise.all(paths.map((path) => lookAt(context, path)));
  const manifests = await Promise.all(
    (await files.list(MANIFESTS))
      .filter((name) => /\.ya?ml$/.test(name))
      .map(async (name) => (await files.read(`${MANIFESTS}/${name}`)) ?? ""),
  );
  const starter = starterFiles({
    name: basename(context.directory),
    umbrella,
    folders: folders.filter(({ entries }) => entries.length > 0),
    manifests,
    schemas: await context.schemas(),
  });
  const written: string[] = [];
  const kept: string[] = [];
  for (const { path, text } of starter.files) {
    if ((await files.read(path)) !== undefined) kept.push(path);
    else {
      await files.write(path, text);
      written.push(path);
    }
  }
  const notes = written.includes("mobius.yaml") ? starter.notes : [];
  show(context, { written, kept, notes });
  return EXIT.success;
}

async function lookAt({ files }: CommandContext, path: string): Promise<UmbrellaFolder> {
  const entries = await files.list(path);
  const [packageJson, cloudBuild] = await Promise.all(
    ["package.json", "cloudbuild.yaml"].map((name) =>
      entries.includes(name) ? files.read(`${path}/${name}`) : undefined,
    ),
  );
  return {
    path,
    entries,
    ...(packageJson === undefined ? {} : { packageJson }),
    ...(cloudBuild === undefined ? {} : { cloudBuild }),
    scripts: entries.includes("scripts") ? await files.list(`${path}/scripts`) : [],
  };
}

interface Outcome {
  readonly written: readonly string[];
  /** There before. */
  readonly kept: readonly string[];
  readonly notes: readonly string[];
}

function show(context: CommandContext, outcome: Outcome): void {
  const { written, kept, notes } = outcome;
  const undo = written.length === 0 ? undefined : `rm -- ${written.join(" ")}`;
  if (context.json) {
    context.out(JSON.stringify({ apiVersion: "mobius/v1", ...outcome, undo }, undefined, 2));
    return;
  }
  for (const path of written) context.out(`wrote ${path}`);
  for (const path of kept) context.err(`kept  ${path}, which was there`);
  if (undo === undefined) context.err("Nothing was missing.");
  else context.out(`undo: ${undo}`);
  if (notes.length > 0) context.err(`\nLook at:\n${notes.map((note) => `  ${note}`).join("\n")}`);
  context.err("\nNext: mobius validate, mobius import <description…>, mobius doctor");
}
