import type { BuiltImage, Module } from "../platform/platform.ts";
import { type Digest, digestOfValue } from "../values/digest.ts";
import { matchesGlob } from "../values/glob.ts";

/** A file of a git tree: equal object, equal content. Paths are relative to the repository's root. */
export interface SourceFile {
  readonly path: string;
  readonly mode: string;
  readonly object: string;
}

export interface BuildKeyInput {
  readonly image: BuiltImage;
  readonly module: Module;
  /** The files at the module's commit, beneath the module's own root. */
  readonly files: readonly SourceFile[];
  /** Files of the other source that the build reads, by the path that they have in the umbrella. */
  readonly inputs: readonly { readonly path: string; readonly files: readonly SourceFile[] }[];
}

/** Grows when the way in which images are made changes, so that images made the old way are built again. */
const RECIPE_VERSION = 1;

/**
 * What an image depends on, as one digest: the source trees of the paths that its build uses, its inputs and its build
 * settings. A commit that touches none of them keeps the key, hence the image. A module with a script of its own may
 * make files from any of its source, so for it every file counts.
 */
export function buildKey({ image, module, files, inputs }: BuildKeyInput): Digest {
  return digestOfValue({
    recipe: RECIPE_VERSION,
    build: image.build,
    script: module.script,
    files: usedFiles(image, module, files).map(identify).sort(),
    inputs: inputs
      .map((input) => ({ path: input.path, files: input.files.map(identify).sort() }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  });
}

function usedFiles(image: BuiltImage, module: Module, files: readonly SourceFile[]): readonly SourceFile[] {
  if (module.script !== undefined || image.build.kind === "dockerfile") return files;
  const { include } = image.build;
  return files.filter((file) => include.some((pattern) => matchesGlob(pattern, file.path)));
}

function identify(file: SourceFile): string {
  return `${file.mode} ${file.object} ${file.path}`;
}

/** The tag under which a registry keeps the image of a build key. */
export function buildKeyTag(key: Digest): string {
  return `key-${key.slice("sha256:".length, "sha256:".length + 32)}`;
}
