import { constants, type Stats } from "node:fs";
import { chmod, lchown, link, lstat, mkdir, open, readdir, rm, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { assert } from "../../core/values/assert.ts";
import { staysInside } from "./stays-inside.ts";

/** What the layers of one image share while they are unpacked. */
export interface Unpacking {
  readonly rootfs: string;
  /** How many entries, and bytes of files, all layers together may still have. */
  entriesLeft: number;
  bytesLeft: number;
  /** Every symbolic link that was made, for `checkLinks`. */
  readonly links: Set<string>;
  /**
   * What runs the files. An `instance` is a process of the host: its files are read-only, and no link may leave the image.
   * In a `container` the image is the root, so that links lead nowhere else; modes and, for root, owners are kept.
   */
  readonly purpose: "instance" | "container";
}

export interface LayerToUnpack {
  readonly content: AsyncIterable<Uint8Array>;
  readonly compression: "none" | "gzip" | "zstd";
  /** Of the content as it comes. */
  readonly sizeBytes: number;
}

/** More than this for one packed byte is an archive made to fill disks. */
const MAX_RATIO = 100;
/** Small archives of empty files may have any ratio. */
const RATIO_FREE_BYTES = 1024 * 1024;
const MAX_PATH_LENGTH = 4_096;

/** An entry that hides what lower layers have under the rest of its name. */
export const WHITEOUT = ".wh.";
/** An entry that hides all that lower layers have in its folder. */
export const OPAQUE = ".wh..wh..opq";

/** The entries of a layer, in order; each has to be read, or resumed, before the next one comes. */
export type Archive = ReturnType<typeof extract>;

/**
 * Unpacks one layer over those before it. Nothing is ever written, linked or removed outside `rootfs`: names that are
 * absolute or go up, devices, and paths through links are refused by an error, and what is there by then is for the
 * caller to remove, as is everything where `checkLinks` refuses the whole. Files end up read-only and owned by whoever
 * runs this.
 */
export async function unpackLayer(layer: LayerToUnpack, unpacking: Unpacking): Promise<void> {
  await readLayer(layer, (archive) => unpackEntries(archive, unpacking));
}

/** Reads a layer's entries from its packed content; what breaks the one breaks the other. */
export async function readLayer(layer: LayerToUnpack, read: (archive: Archive) => Promise<void>): Promise<void> {
  const archive = extract();
  const feed = async (pieces: AsyncIterable<Uint8Array>) => await feedArchive(archive, pieces, layer.sizeBytes);
  const feeding =
    layer.compression === "none"
      ? pipeline(layer.content, feed)
      : pipeline(layer.content, layer.compression === "gzip" ? createGunzip() : createZstdDecompress(), feed);
  // What breaks the archive is the cause; its reader and its feed then only know that it was cut off.
  let cause: unknown;
  archive.on("error", (error) => {
    cause = error;
  });
  feeding.catch((error: Error) => archive.destroy(error));
  const [unpacked, fed] = await Promise.allSettled([read(archive), feeding]);
  if (cause !== undefined) throw cause;
  if (unpacked.status === "rejected") throw unpacked.reason;
  if (fed.status === "rejected") throw fed.reason;
}

/** Refuses the image where a link leads out of it. Only when all layers are there is it known what links lead through. */
export async function checkLinks({ rootfs, links }: Unpacking): Promise<void> {
  for (const path of links) {
    if (!(await staysInside(rootfs, path))) throw new Error(`link ${path} leads out of the image`);
  }
}

async function feedArchive(archive: Archive, pieces: AsyncIterable<Uint8Array>, packedBytes: number): Promise<void> {
  let sizeBytes = 0;
  for await (const piece of pieces) {
    sizeBytes += piece.length;
    if (sizeBytes > RATIO_FREE_BYTES && sizeBytes > packedBytes * MAX_RATIO) {
      throw new Error(`the layer unpacks to more than ${MAX_RATIO} times its size`);
    }
    if (archive.destroyed) throw new Error("the layer was refused");
    if (!archive.write(piece)) await drained(archive);
  }
  // The types of this stream want a last piece, which it does not need.
  archive.end(undefined);
}

async function drained(archive: Archive): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      archive.off("drain", done).off("close", done);
      resolve();
    };
    archive.on("drain", done).on("close", done);
  });
}

async function unpackEntries(archive: Archive, unpacking: Unpacking): Promise<void> {
  const added = new Set<string>();
  for await (const entry of archive) {
    const { header } = entry;
    const path = safePath(header.name);
    unpacking.entriesLeft -= 1;
    unpacking.bytesLeft -= header.size;
    if (!(header.size >= 0) || unpacking.entriesLeft < 0 || unpacking.bytesLeft < 0) {
      throw new Error("the image has too many files or bytes");
    }
    if (path !== "") {
      await makeParents(unpacking.rootfs, path);
      await unpackEntry({ unpacking, path, header, content: entry, added });
    }
    entry.resume();
  }
}

/** Empty for the root itself. */
function safePath(name: string): string {
  const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
  const isUnsafe = isAbsolute(name) || segments.includes("..") || /[\0\\]/.test(name) || name.length > MAX_PATH_LENGTH;
  if (isUnsafe) throw new Error(`entry ${JSON.stringify(name.slice(0, 200))} leaves the image`);
  return segments.join("/");
}

/** Every folder on the way is a real one: an entry beneath a link would land wherever the link leads. */
async function makeParents(rootfs: string, path: string): Promise<void> {
  const segments = path.split("/").slice(0, -1);
  for (let depth = 1; depth <= segments.length; depth++) {
    const folder = join(rootfs, ...segments.slice(0, depth));
    const stats = await statOf(folder);
    if (stats === undefined) await mkdir(folder, { mode: 0o755 });
    else if (!stats.isDirectory()) throw new Error(`entry ${path} goes through ${segments.slice(0, depth).join("/")}`);
  }
}

interface EntryToUnpack {
  readonly unpacking: Unpacking;
  readonly path: string;
  readonly header: Header;
  readonly content: AsyncIterable<unknown>;
  /** What this layer has made so far: its own opaque marker does not hide that. */
  readonly added: Set<string>;
}

async function unpackEntry(entry: EntryToUnpack): Promise<void> {
  const { unpacking, path, header, added } = entry;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.startsWith(WHITEOUT)) return await whiteOut(entry, name);
  added.add(path);
  const target = join(unpacking.rootfs, path);
  const stats = await statOf(target);
  if (header.type === "directory") {
    if (stats?.isDirectory() !== true) {
      await rm(target, { force: true });
      await mkdir(target, { mode: 0o755 });
    }
    // Whoever unpacks must go on to write there, and to remove it one day.
    if (unpacking.purpose === "container") await chmod(target, (header.mode & 0o1777) | 0o700);
    return await own(entry, target);
  }
  if (stats !== undefined) await rm(target, { recursive: true });
  switch (header.type) {
    case "file":
    case "contiguous-file":
      return await writeContent(target, entry);
    case "symlink":
      if (unpacking.purpose === "instance") {
        if (isAbsolute(header.linkname)) throw new Error(`link ${path} leads out of the image`);
        unpacking.links.add(path);
      }
      await symlink(header.linkname, target);
      return await own(entry, target);
    case "link":
      return await hardLink(entry, target);
    case "character-device":
    case "block-device":
    case "fifo":
      if (unpacking.purpose === "container") return; // a container gets devices from what runs it
      throw new Error(`entry ${path} is a ${header.type}, which images here may not have`);
    default:
      throw new Error(`entry ${path} is a ${header.type}, which images here may not have`);
  }
}

/** The image's own owners, which only root can give. */
async function own({ unpacking, header }: EntryToUnpack, target: string): Promise<void> {
  if (unpacking.purpose === "instance" || process.getuid?.() !== 0) return;
  await lchown(target, header.uid ?? 0, header.gid ?? 0);
}

async function writeContent(target: string, entry: EntryToUnpack): Promise<void> {
  const { header, content, unpacking } = entry;
  const readOnly = (header.mode & 0o111) === 0 ? 0o444 : 0o555;
  // Exclusive: whatever stood there was removed, and a link that appeared meanwhile is not followed.
  const file = await open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    for await (const piece of content) {
      assert(piece instanceof Uint8Array, "an archive is bytes");
      await file.writeFile(piece);
    }
    await file.chmod(unpacking.purpose === "instance" ? readOnly : header.mode & 0o777);
    if (unpacking.purpose === "instance") await file.sync();
  } finally {
    await file.close();
  }
  await own(entry, target);
}

/** To a file of the image, reached through real folders only. */
async function hardLink({ unpacking: { rootfs }, path, header }: EntryToUnpack, target: string): Promise<void> {
  const source = safePath(header.linkname);
  await makeParents(rootfs, source);
  const stats = await statOf(join(rootfs, source));
  if (stats?.isFile() !== true) throw new Error(`entry ${path} links to ${source}, which is no file of the image`);
  await link(join(rootfs, source), target);
}

async function whiteOut({ unpacking: { rootfs }, path, added }: EntryToUnpack, name: string): Promise<void> {
  const folder = dirname(path) === "." ? "" : dirname(path);
  if (name === OPAQUE) {
    for (const child of await readdir(join(rootfs, folder))) {
      const childPath = folder === "" ? child : `${folder}/${child}`;
      const isOwn = [...added].some((own) => own === childPath || own.startsWith(`${childPath}/`));
      if (!isOwn) await rm(join(rootfs, childPath), { recursive: true, force: true });
    }
    return;
  }
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === "" || hidden === "." || hidden === "..") throw new Error(`entry ${path} leaves the image`);
  await rm(join(rootfs, folder, hidden), { recursive: true, force: true });
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
