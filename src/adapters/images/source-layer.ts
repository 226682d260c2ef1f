import { createReadStream, type Stats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Header, type Pack, pack } from "tar-stream";
import { assert } from "../../core/values/assert.ts";
import { staysInside } from "./stays-inside.ts";

/** Where an image's files are, and where its command starts. */
export const APP_FOLDER = "app";

const MAX_LAYER_BYTES = 2 * 1024 * 1024 * 1024;

/** Everything of the machine that made it is left out: owner, times, umask. */
const ANONYMOUS = { uid: 0, gid: 0, uname: "", gname: "", mtime: new Date(0) };

/** A path of the archive, and the file that it is made of; folders have none. */
interface Entry {
  readonly name: string;
  readonly source?: string;
}

/**
 * The files as an uncompressed tar with the same bytes for the same content: entries sorted, folders before what they
 * hold, modes 0755 and 0644 by the owner's execute bit alone. Streams; a file that changes meanwhile breaks the stream.
 */
export async function* sourceLayer(root: string, files: readonly string[]): AsyncIterable<Uint8Array> {
  const archive = pack();
  fill(archive, root, entriesOf(files)).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  for await (const piece of archive) {
    assert(piece instanceof Uint8Array, "an archive is bytes");
    yield piece;
  }
}

function entriesOf(files: readonly string[]): readonly Entry[] {
  const folders = new Set<string>([APP_FOLDER]);
  for (const file of files) {
    const segments = file.split("/");
    for (let depth = 1; depth < segments.length; depth++) {
      folders.add(`${APP_FOLDER}/${segments.slice(0, depth).join("/")}`);
    }
  }
  const entries: Entry[] = [
    ...[...folders].map((name) => ({ name })),
    ...[...new Set(files)].map((file) => ({ name: `${APP_FOLDER}/${file}`, source: file })),
  ];
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function fill(archive: Pack, root: string, entries: readonly Entry[]): Promise<void> {
  let sizeBytes = 0;
  for (const { name, source } of entries) {
    if (source === undefined) {
      await addWhole(archive, { ...ANONYMOUS, name: `${name}/`, type: "directory", mode: 0o755 });
      continue;
    }
    const stats = await lstat(join(root, source));
    sizeBytes += stats.size;
    if (sizeBytes > MAX_LAYER_BYTES) throw new Error(`the image's files have more than ${MAX_LAYER_BYTES} bytes`);
    await addSource(archive, { root, source, name, stats });
  }
}

interface SourceEntry {
  readonly root: string;
  readonly source: string;
  readonly name: string;
  readonly stats: Stats;
}

async function addSource(archive: Pack, { root, source, name, stats }: SourceEntry): Promise<void> {
  const path = join(root, source);
  if (!(await staysInside(root, source))) throw new Error(`${source} leads out of ${root}`);
  if (stats.isSymbolicLink()) {
    const linkname = await readlink(path);
    return await addWhole(archive, { ...ANONYMOUS, name, type: "symlink", linkname, mode: 0o777 });
  }
  if (!stats.isFile()) throw new Error(`${source} is neither a file nor a link`);
  const mode = (stats.mode & 0o100) === 0 ? 0o644 : 0o755;
  const entry = archive.entry({ ...ANONYMOUS, name, type: "file", mode, size: stats.size });
  await pipeline(createReadStream(path), entry);
}

async function addWhole(archive: Pack, header: Partial<Header> & Pick<Header, "name">): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    archive.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}
