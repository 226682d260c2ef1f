import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, isDigest } from "../../core/values/digest.ts";
import type { Ids } from "../../ports/clock.ts";
import { repositoryFolder, writeDurably } from "./blob-store.ts";

/** Which manifests a repository has, and which tag stands for which. */
export interface TagStore {
  /** The digest behind a tag. */
  resolve(repository: string, tag: string): Promise<Digest | undefined>;
  /** The media type of a manifest of this repository. */
  mediaType(repository: string, digest: Digest): Promise<string | undefined>;
  addManifest(repository: string, digest: Digest, mediaType: string): Promise<void>;
  /** Moves the tag where it is there. */
  setTag(repository: string, tag: string, digest: Digest): Promise<void>;
  /** Sorted; undefined where the repository is unknown. */
  tags(repository: string): Promise<readonly string[] | undefined>;
}

/** Tags and manifests as small files, each written whole or not at all. */
export function createTagStore({ directory, ids }: { readonly directory: string; readonly ids: Ids }): TagStore {
  const tagFolder = (repository: string) => join(repositoryFolder(directory, repository), "_tags");
  const manifestPath = (repository: string, digest: Digest) =>
    join(repositoryFolder(directory, repository), "_manifests", digest.slice("sha256:".length));

  return {
    async resolve(repository, tag) {
      const text = await ifThere(readFile(join(tagFolder(repository), tag), "utf8"));
      return text !== undefined && isDigest(text) ? text : undefined;
    },
    mediaType: async (repository, digest) => await ifThere(readFile(manifestPath(repository, digest), "utf8")),
    addManifest: async (repository, digest, mediaType) =>
      await writeDurably({ directory, path: manifestPath(repository, digest), content: mediaType, ids }),
    setTag: async (repository, tag, digest) =>
      await writeDurably({ directory, path: join(tagFolder(repository), tag), content: digest, ids }),
    async tags(repository) {
      const names = await ifThere(readdir(tagFolder(repository)));
      // A repository that was only pushed to by digest is there, without a tag.
      return names?.sort() ?? ((await ifThere(readdir(repositoryFolder(directory, repository)))) && []);
    },
  };
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
