import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Digest, isDigest } from "../../core/values/digest.ts";
import type { Ids } from "../../ports/clock.ts";
import { createBlobStore, repositoryFolder } from "./blob-store.ts";
import { createTagStore } from "./tag-store.ts";

/** Folders beneath a prefix that are looked at, and images that are listed, at most. */
const MAX_FOLDERS = 5_000;
const MAX_IMAGES = 1_000;
/** Google's names have one segment or a few. */
const MAX_DEPTH = 8;

const sizes = z.object({
  config: z.object({ size: z.number() }).optional(),
  layers: z.array(z.object({ size: z.number() })).optional(),
});

/** One manifest of a repository. */
export interface ListedImage {
  /** Full name, such as `gcr.io/p/api`. */
  readonly repository: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly tags: readonly string[];
  /** Of its parts, compressed; 0 for an index. */
  readonly sizeBytes: number;
  readonly pushedAt: Date;
}

/** What images a registry has, for lists of them. */
export interface ImageCatalogue {
  /** Images of the repositories beneath a prefix that ends in `/`. */
  beneath(prefix: string): Promise<readonly ListedImage[]>;
}

/** Reads the folder of a registry. */
export function createImageCatalogue(options: { readonly directory: string; readonly ids: Ids }): ImageCatalogue {
  const { directory } = options;
  const tags = createTagStore(options);
  const blobs = createBlobStore(options);

  const imagesOf = async (repository: string): Promise<readonly ListedImage[]> => {
    const byDigest = new Map<string, string[]>();
    for (const tag of (await tags.tags(repository)) ?? []) {
      const digest = await tags.resolve(repository, tag);
      if (digest !== undefined) byDigest.set(digest, [...(byDigest.get(digest) ?? []), tag]);
    }
    const folder = join(repositoryFolder(directory, repository), "_manifests");
    const found: ListedImage[] = [];
    for (const name of (await namesIn(folder)).slice(0, MAX_IMAGES)) {
      const digest = `sha256:${name}`;
      if (!isDigest(digest)) continue;
      const pushedAt = (await stat(join(folder, name))).mtime;
      const mediaType = await readFile(join(folder, name), "utf8");
      const sizeBytes = sizeIn(await blobs.read(digest));
      found.push({ repository, digest, mediaType, tags: byDigest.get(digest) ?? [], sizeBytes, pushedAt });
    }
    return found;
  };

  return {
    async beneath(prefix) {
      const found: ListedImage[] = [];
      for (const repository of await repositoriesBeneath(directory, prefix)) {
        found.push(...(await imagesOf(repository)));
        if (found.length >= MAX_IMAGES) break;
      }
      return found.slice(0, MAX_IMAGES);
    },
  };
}

async function repositoriesBeneath(directory: string, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  let level = [prefix.replace(/\/$/, "")];
  let looked = 0;
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const name of level) {
      looked += 1;
      if (looked > MAX_FOLDERS) return found;
      const inside = await namesIn(repositoryFolder(directory, name));
      if (depth > 0 && inside.includes("_manifests")) found.push(name);
      next.push(...inside.filter((each) => !each.startsWith("_")).map((each) => `${name}/${each}`));
    }
    level = next;
  }
  return found;
}

/** Sorted; empty where there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

function sizeIn(manifest: Uint8Array): number {
  try {
    const { config, layers = [] } = sizes.parse(JSON.parse(Buffer.from(manifest).toString("utf8")));
    return layers.reduce((sum, { size }) => sum + size, config?.size ?? 0);
  } catch {
    return 0;
  }
}
