import type { Platform } from "../platform/platform.ts";
import { environmentOfId } from "./environments.ts";
import { type ManifestEdit, rewriteManifest } from "./rewrite-manifest.ts";

export interface NewManifest {
  readonly platform: Platform;
  readonly environment: string;
  readonly releaseId: string;
  readonly description: string;
  /** Module → commit, tag or branch. */
  readonly refs: Readonly<Record<string, string>>;
}

/** The text of a new manifest that names the refs given, with the schema's modeline and every section in order. */
export function newManifest({ platform, environment, releaseId, description, refs }: NewManifest): string {
  const flags = Object.keys(platform.flags);
  const isSaid = environmentOfId(platform, releaseId)?.name === environment;
  const skeleton = [
    "# yaml-language-server: $schema=../schemas/release-manifest.schema.json",
    `release_id: ${releaseId}`,
    `description: ${JSON.stringify(description)}`,
    ...(isSaid ? [] : [`environment: ${environment}`]),
    "",
    "# Module: commit, tag or branch. What is not named stays as it is.",
    "commits:",
    "",
    "# Images are built from the commits; digests are written here when the release is recorded.",
    "images: {}",
    "",
    "# Migrations to apply, in this order: what a database has already is passed over.",
    "migrations: {}",
    "",
    "feature_flags:",
    ...flags.map((flag) => `  ${flag}: false`),
    "",
    "# Values of this environment that mobius.yaml asks for.",
    "env_overrides: {}",
    "",
    "notes: []",
    "",
  ].join("\n");
  const edits = Object.entries(refs).map(([module, ref]): ManifestEdit => ({ path: ["commits", module], value: ref }));
  return rewriteManifest(skeleton, edits);
}
