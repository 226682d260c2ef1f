import type { BuildConfig } from "../../core/build/build-config.ts";
import { parseBuildConfig } from "../../core/build/parse-build-config.ts";
import { renderBuild } from "../../core/plan/render-build.ts";
import type { Environment, Platform } from "../../core/platform/platform.ts";
import type { Release } from "../../core/release/state.ts";
import { assert } from "../../core/values/assert.ts";
import type { ReleasePorts } from "./release-ports.ts";

/**
 * The build of a release: the environment's file as the umbrella's commit has it, edits of people included, or the
 * rendered one where the umbrella has none. A file that does not parse has been refused when the release was checked.
 */
export async function buildConfigOf(
  request: { readonly ports: ReleasePorts; readonly platform: Platform; readonly environment: Environment },
  release: Release,
): Promise<BuildConfig> {
  const { ports, platform, environment } = request;
  const file = buildConfigFile(environment);
  const manifestFile = release.plan.manifest.file;
  const text = await ports.source.readFile(ports.umbrella, release.umbrellaCommit, file);
  const rendered = renderBuild({ platform, environment, manifestFile });
  if (text === undefined) return rendered;
  const parsed = parseBuildConfig(text, file);
  assert(parsed.ok, `${file} was checked before the release began`);
  const config = parsed.value;
  return { ...config, substitutions: { ...config.substitutions, _RELEASE_MANIFEST: manifestFile } };
}

/** Where an environment's build configuration stands in the umbrella. */
export function buildConfigFile(environment: Environment): string {
  return `cloudbuild.${environment.name}.yaml`;
}
