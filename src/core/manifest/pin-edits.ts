import type { Manifest } from "./manifest.ts";
import type { ManifestEdit } from "./rewrite-manifest.ts";

/** What names in a manifest turned out to be. */
export interface Pins {
  /** Module → full commit. Modules that the manifest does not name are left out. */
  readonly commits: Readonly<Record<string, string>>;
  /** Image key → `repository@sha256:…`. */
  readonly images: Readonly<Record<string, string>>;
}

/** The edits that pin a manifest: full commits for what it names, digests for every image; a tag stays beside its digest. */
export function pinEdits(manifest: Manifest, pins: Pins): readonly ManifestEdit[] {
  const commits = Object.keys(manifest.commits).flatMap((module): ManifestEdit[] => {
    const commit = pins.commits[module];
    return commit === undefined ? [] : [{ path: ["commits", module], value: commit }];
  });
  const images = Object.entries(pins.images).map(([name, pinned]): ManifestEdit => {
    const tag = manifest.images[name]?.value.tag;
    const [repository = "", digest = ""] = pinned.split("@");
    return { path: ["images", name], value: `${repository}${tag === undefined ? "" : `:${tag}`}@${digest}` };
  });
  return [...commits, ...images];
}
