import { diffManifests, renderManifestDiff } from "../../core/manifest/diff-manifests.ts";
import { environmentNamed } from "../../core/manifest/environments.ts";
import type { Manifest } from "../../core/manifest/manifest.ts";
import { newManifest } from "../../core/manifest/new-manifest.ts";
import { parseManifest } from "../../core/manifest/parse-manifest.ts";
import { pinEdits } from "../../core/manifest/pin-edits.ts";
import { manifestEnvironmentOther } from "../../core/manifest/problems.ts";
import { renewManifest } from "../../core/manifest/renew-manifest.ts";
import { rewriteManifest } from "../../core/manifest/rewrite-manifest.ts";
import { commitAmbiguous, commitNotPushed, repositoryUnreachable } from "../../core/plan/problems.ts";
import type { Platform } from "../../core/platform/platform.ts";
import type { Problem } from "../../core/values/problem.ts";
import { toIso } from "../../core/values/time.ts";
import { closest } from "../../core/yaml/closest.ts";
import { environmentUnknown } from "../../engine/releases/problems.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { SourceRefusal } from "../../ports/source.ts";
import type { CommandContext } from "../command-context.ts";
import { fileExists, refOfNoModule } from "../problems.ts";
import { report, warn } from "../report.ts";
import { readPlatform, readUmbrellaFile } from "../umbrella-files.ts";

/**
 * Writes a new manifest that names every module at the head of its default branch, or at the refs given; everything else
 * is taken from an earlier manifest where one is named.
 */
export async function manifestNew(
  context: CommandContext,
  request: {
    readonly environment: string;
    readonly name?: string;
    readonly from?: string;
    readonly refs: Readonly<Record<string, string>>;
  },
): Promise<number> {
  const platform = await readPlatform(context);
  if (!platform.ok) return report(context, platform.problems);
  const environment = environmentNamed(platform.value, request.environment);
  if (environment === undefined) {
    return report(context, [environmentUnknown(request.environment, Object.keys(platform.value.environments))]);
  }
  const releaseId = request.name ?? `${toIso(context.clock.now()).slice(0, 10)}-${environment.name}`;
  const path = `release-manifests/${releaseId}.yaml`;
  if ((await context.files.read(path)) !== undefined) return report(context, [fileExists(path)]);
  const modules = Object.values(platform.value.modules).filter((module) => module.source.kind === "repository");
  const unknown = Object.keys(request.refs).filter((name) => !modules.some((module) => module.name === name));
  if (unknown.length > 0) {
    const names = modules.map((module) => module.name);
    return report(
      context,
      unknown.map((name) => refOfNoModule(name, closest(name, names))),
    );
  }
  const earlier = request.from === undefined ? undefined : await readManifest(context, request.from);
  if (earlier?.ok === false) return earlier.exit;
  if (earlier !== undefined && earlier.manifest.environment !== environment.name) {
    const { path: file, manifest } = earlier;
    return report(context, [manifestEnvironmentOther(file, manifest.environment, environment.name)]);
  }
  const wanted = Object.fromEntries(modules.map(({ name }) => [name, request.refs[name] ?? "HEAD"]));
  const resolved = await resolveCommits(context, platform.value, wanted);
  if (resolved.problems.length > 0) return report(context, resolved.problems);
  const said = { releaseId, description: `Release to ${environment.name}`, refs: resolved.commits };
  const text =
    earlier === undefined
      ? newManifest({ ...said, platform: platform.value, environment: environment.name })
      : renewManifest({ ...said, text: earlier.text });
  await context.files.write(path, text);
  context.out(path);
  return EXIT.success;
}

/** Pins what a manifest names to full commits, in place: nothing but those values changes. */
export async function manifestPin(context: CommandContext, typed: string): Promise<number> {
  const read = await readManifest(context, typed);
  if (!read.ok) return read.exit;
  const { platform, manifest, path, text } = read;
  const refs = Object.fromEntries(Object.entries(manifest.commits).map(([module, { value }]) => [module, value]));
  const resolved = await resolveCommits(context, platform, refs);
  if (resolved.problems.length > 0) return report(context, resolved.problems);
  const pinned = rewriteManifest(text, pinEdits(manifest, { commits: resolved.commits, images: {} }));
  if (pinned !== text) await context.files.write(path, pinned);
  context.out(pinned === text ? `${path} is pinned already.` : `${path} pinned.`);
  return EXIT.success;
}

/** What two manifests say differently; exit 7 where they do. */
export async function manifestDiff(context: CommandContext, from: string, to: string): Promise<number> {
  const [a, b] = [await readManifest(context, from), await readManifest(context, to)];
  if (!a.ok) return a.exit;
  if (!b.ok) return b.exit;
  const changes = diffManifests(a.manifest, b.manifest);
  context.out(context.json ? JSON.stringify(changes, undefined, 2) : renderManifestDiff(changes));
  return changes.length === 0 ? EXIT.success : EXIT.differences;
}

type ReadManifest =
  | {
      readonly ok: true;
      readonly platform: Platform;
      readonly manifest: Manifest;
      readonly path: string;
      readonly text: string;
    }
  | { readonly ok: false; readonly exit: number };

async function readManifest(context: CommandContext, typed: string): Promise<ReadManifest> {
  const platform = await readPlatform(context);
  if (!platform.ok) return { ok: false, exit: report(context, platform.problems) };
  const file = await readUmbrellaFile(context, typed);
  if (!file.ok) return { ok: false, exit: report(context, [file.error]) };
  const { path, text } = file.value;
  const parsed = parseManifest({ text, file: path, platform: platform.value });
  if (!parsed.ok) return { ok: false, exit: report(context, parsed.problems) };
  warn(context, parsed.warnings);
  return { ok: true, platform: platform.value, manifest: parsed.value, path, text };
}

async function resolveCommits(
  context: CommandContext,
  platform: Platform,
  refs: Readonly<Record<string, string>>,
): Promise<{ commits: Record<string, string>; problems: Problem[] }> {
  const source = context.source();
  const commits: Record<string, string> = {};
  const problems: Problem[] = [];
  await Promise.all(
    Object.entries(refs).map(async ([module, ref]) => {
      const from = platform.modules[module]?.source;
      if (from?.kind !== "repository") return;
      const refreshed = await source.refresh(from.url);
      const resolved = refreshed.ok ? await source.resolve(from.url, ref) : refreshed;
      if (resolved.ok) commits[module] = resolved.value;
      else problems.push(refusal(module, ref, resolved.error));
    }),
  );
  const ordered = Object.keys(refs).flatMap((module) =>
    commits[module] === undefined ? [] : [[module, commits[module]] as const],
  );
  return { commits: Object.fromEntries(ordered), problems };
}

function refusal(module: string, ref: string, refused: SourceRefusal): Problem {
  if (refused.kind === "unreachable") return repositoryUnreachable(module, refused.url, refused.reason);
  return refused.kind === "ambiguous" ? commitAmbiguous(module, ref) : commitNotPushed(module, ref, refused.url);
}
