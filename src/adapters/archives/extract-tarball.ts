import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { err, ok, type Result } from "../../core/values/result.ts";

/** What a source may come to when it is unpacked. */
const MAX_ENTRIES = 1_000_000;
const MAX_BYTES = 10 * 1024 * 1024 * 1024;

/**
 * Unpacks a gzipped tar archive into a folder that is there. Nothing is written outside it: names that are absolute or go
 * up, links that lead out and devices are refused, and links are made last, so that nothing is written through one. The
 * error says why in one sentence; what is there by then is for the caller to remove.
 */
export async function extractTarball(path: string, into: string): Promise<Result<void, string>> {
  const archive = extract();
  const reading = pipeline(createReadStream(path), createGunzip(), archive);
  reading.catch(() => {}); // told once more where it is awaited
  try {
    const links: Header[] = [];
    let entries = 0;
    let bytes = 0;
    for await (const entry of archive) {
      const { header } = entry;
      entries += 1;
      bytes += header.size ?? 0;
      if (entries > MAX_ENTRIES || bytes > MAX_BYTES) throw new Error("it unpacks to more than is allowed");
      await place(into, header, entry, links);
      entry.resume();
    }
    await reading;
    for (const link of links) await makeLink(into, link);
    return ok(undefined);
  } catch (cause) {
    archive.destroy();
    await Promise.allSettled([reading]);
    return err(cause instanceof Error ? cause.message : String(cause));
  }
}

async function place(into: string, header: Header, content: AsyncIterable<unknown>, links: Header[]): Promise<void> {
  const target = join(into, safeName(header.name));
  switch (header.type) {
    case "directory":
      await mkdir(target, { recursive: true });
      return;
    case "file":
    case "contiguous-file":
      await mkdir(dirname(target), { recursive: true });
      await pipeline(content, createWriteStream(target));
      await chmod(target, (header.mode ?? 0o644) & 0o777);
      return;
    case "symlink":
      links.push(header);
      return;
    default:
      throw new Error(`"${header.name}" is a ${header.type ?? "thing of no kind"}, which a source cannot have`);
  }
}

async function makeLink(into: string, { name, linkname }: Header): Promise<void> {
  const path = safeName(name);
  const leadsTo = posix.normalize(posix.join(posix.dirname(path), linkname ?? ""));
  if (posix.isAbsolute(linkname ?? "/") || leadsTo.startsWith(".."))
    throw new Error(`link "${name}" leads out of the source`);
  await mkdir(dirname(join(into, path)), { recursive: true });
  await rm(join(into, path), { force: true });
  await symlink(linkname ?? "", join(into, path));
}

function safeName(name: string): string {
  const path = posix.normalize(name);
  if (posix.isAbsolute(path) || path.startsWith("..") || path.includes("\0"))
    throw new Error(`"${name}" leads out of the source`);
  return path;
}
