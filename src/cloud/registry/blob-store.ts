import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { assert } from "../../core/values/assert.ts";
import type { Digest } from "../../core/values/digest.ts";
import type { Ids } from "../../ports/clock.ts";

/** One upload that has begun: a file that grows until its digest is known. */
export interface Upload {
  readonly id: string;
  readonly repository: string;
  /** Bytes taken so far; a chunk that failed half-way does not count. */
  readonly size: number;
}

/** What adding to an upload came to. */
export type Appended = { readonly kind: "appended"; readonly size: number } | { readonly kind: "too-large" };

/**
 * Content by its digest, on disk. A blob is there whole or not at all: it is written aside, flushed, checked and then
 * renamed. A repository sees only the blobs that were pushed to it.
 */
export interface BlobStore {
  /** Removes what uploads of an earlier server left. */
  open(): Promise<void>;
  size(repository: string, digest: Digest): Promise<number | undefined>;
  path(digest: Digest): string;
  read(digest: Digest): Promise<Buffer>;
  startUpload(id: string, repository: string): Promise<Upload>;
  append(upload: Upload, bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Appended>;
  /** Gives the upload its name; false, and gone, where its content has another digest. */
  finish(upload: Upload, digest: Digest): Promise<boolean>;
  /** Gives a repository a blob that another one has; false where that one does not. */
  mount(blob: { readonly digest: Digest; readonly from: string; readonly to: string }): Promise<boolean>;
  dropUpload(id: string): Promise<void>;
  /** Keeps a small blob whose digest the caller computed. */
  keep(repository: string, digest: Digest, content: Uint8Array): Promise<void>;
}

/** A blob store beneath a folder that it owns: `blobs`, `uploads`, and links in `repositories`. */
export function createBlobStore({ directory, ids }: { readonly directory: string; readonly ids: Ids }): BlobStore {
  const uploads = join(directory, "uploads");
  const uploadPath = (id: string) => join(uploads, id);
  const path = (digest: Digest) => join(directory, "blobs", "sha256", hexOf(digest).slice(0, 2), hexOf(digest));
  const linkPath = (repository: string, digest: Digest) =>
    join(repositoryFolder(directory, repository), "_blobs", hexOf(digest));

  const link = async (repository: string, digest: Digest) => {
    const target = linkPath(repository, digest);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, "");
  };

  const size = async (repository: string, digest: Digest) => {
    if ((await sizeOf(linkPath(repository, digest))) === undefined) return undefined;
    return await sizeOf(path(digest));
  };

  return {
    async open() {
      await rm(uploads, { recursive: true, force: true });
      await mkdir(uploads, { recursive: true, mode: 0o700 });
    },
    size,
    path,
    read: async (digest) => await readFile(path(digest)),
    async startUpload(id, repository) {
      await writeFile(uploadPath(id), "", { flag: "wx", mode: 0o600 });
      return { id, repository, size: 0 };
    },
    append: async (upload, bytes, maxBytes) => await append(uploadPath(upload.id), upload.size, bytes, maxBytes),
    async finish(upload, digest) {
      const from = uploadPath(upload.id);
      if ((await sha256Of(from)) !== hexOf(digest)) {
        await rm(from, { force: true });
        return false;
      }
      await moveDurably(from, path(digest));
      await link(upload.repository, digest);
      return true;
    },
    async mount({ digest, from, to }) {
      if ((await size(from, digest)) === undefined) return false;
      await link(to, digest);
      return true;
    },
    dropUpload: async (id) => await rm(uploadPath(id), { force: true }),
    async keep(repository, digest, content) {
      await writeDurably({ directory, path: path(digest), content, ids });
      await link(repository, digest);
    },
  };
}

/** Where a repository's own files are. Names are checked before they come here; none begins a segment with `_`. */
export function repositoryFolder(directory: string, repository: string): string {
  assert(!repository.includes(".."), "repository names are checked at the edge");
  return join(directory, "repositories", repository);
}

/** Writes a file whole or not at all, and flushes it and its folder before it counts. */
export async function writeDurably({
  directory,
  path,
  content,
  ids,
}: {
  /** The store's folder: what is unfinished lies among its uploads, which the next start removes. */
  readonly directory: string;
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly ids: Ids;
}): Promise<void> {
  const temporary = join(directory, "uploads", ids.uuid());
  try {
    await writeFile(temporary, content, { mode: 0o600, flush: true });
    await moveDurably(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function moveDurably(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  const folder = await open(dirname(to), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A stream that breaks leaves bytes behind; they are cut off, so that the sender may go on from `size`. */
async function append(
  path: string,
  size: number,
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Appended> {
  const file = await open(path, "r+");
  let end = size;
  let isWhole = false;
  try {
    for await (const chunk of bytes) {
      if (end + chunk.length > maxBytes) return { kind: "too-large" };
      await writeFully(file, chunk, end);
      end += chunk.length;
    }
    await file.sync();
    isWhole = true;
    return { kind: "appended", size: end };
  } finally {
    if (!isWhole) await file.truncate(size);
    await file.close();
  }
}

async function writeFully(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, written, chunk.length - written, at + written);
    written += bytesWritten;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}
