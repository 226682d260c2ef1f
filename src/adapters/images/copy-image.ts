import { createHash } from "node:crypto";
import { z } from "zod";
import { type Digest, isDigest } from "../../core/values/digest.ts";
import type { ImageCopy } from "../../ports/images.ts";
import type { RegistryClient, StoredManifest } from "./registry-client.ts";

/** An index may hold indexes; nobody nests them deeper. */
const MAX_DEPTH = 4;
const MAX_PARTS = 1_000;

const descriptor = z.object({
  digest: z.string().refine(isDigest),
  size: z.number().int().min(0),
  /** Content that is kept elsewhere, such as Windows' own layers: no registry has to have it. */
  urls: z.array(z.string()).optional(),
});
/** An index has `manifests`; an image has `config` and `layers`. */
const content = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptor).max(MAX_PARTS).default([]),
  config: descriptor.optional(),
  layers: z.array(descriptor).max(MAX_PARTS).default([]),
});
type Part = z.infer<typeof descriptor>;

/**
 * Copies what a digest names from repository to repository. Parts go first, since a registry takes a manifest only when
 * it has what it names: a manifest that is there is whole. Bytes are passed on as they are and are digested on the way.
 * Source: OCI distribution specification, "Mounting a blob from another repository".
 */
export async function copyImage(client: RegistryClient, copy: ImageCopy): Promise<"copied" | "present"> {
  const { digest, to } = copy;
  if ((await client.digest(to, digest)) !== undefined) return "present";
  await copyManifest(client, copy, 1);
  const found = await client.digest(to, digest);
  if (found !== digest) throw new Error(`${to} has ${found ?? "nothing"} where ${digest} was copied to`);
  return "copied";
}

async function copyManifest(client: RegistryClient, copy: ImageCopy, depth: number): Promise<void> {
  const { digest, from, to } = copy;
  if (depth > MAX_DEPTH) throw new Error(`${from}@${digest} is an index of indexes, deeper than ${MAX_DEPTH}`);
  const stored = await client.manifest(from, digest);
  if (stored === undefined) throw new Error(`${from} has no ${digest} to copy to ${to}`);
  const { manifests, config, layers } = partsOf(stored);
  for (const child of manifests) {
    if ((await client.digest(to, child.digest)) === undefined) {
      await copyManifest(client, { ...copy, digest: child.digest }, depth + 1);
    }
  }
  for (const part of [...(config === undefined ? [] : [config]), ...layers]) {
    if (part.urls === undefined || part.urls.length === 0) await copyBlob(client, copy, part);
  }
  const { mediaType, content } = stored;
  await client.pushManifest({ repository: to, reference: digest, mediaType, content });
}

function partsOf(stored: StoredManifest): z.infer<typeof content> {
  return content.parse(JSON.parse(new TextDecoder().decode(stored.content)));
}

async function copyBlob(client: RegistryClient, { from, to }: ImageCopy, { digest, size }: Part): Promise<void> {
  await client.pushBlob({
    repository: to,
    digest,
    sizeBytes: size,
    mountFrom: from,
    content: () => whole(client, { repository: from, digest, sizeBytes: size }),
  });
}

/** The blob's bytes; the stream breaks where they are not what the manifest says, before anything is complete. */
async function* whole(
  client: RegistryClient,
  blob: { readonly repository: string; readonly digest: Digest; readonly sizeBytes: number },
): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of await client.blob(blob.repository, blob.digest)) {
    size += piece.length;
    if (size > blob.sizeBytes) throw new Error(`${blob.digest} of ${blob.repository} is longer than its manifest says`);
    hash.update(piece);
    yield piece;
  }
  if (`sha256:${hash.digest("hex")}` !== blob.digest)
    throw new Error(`${blob.repository} gave other content for ${blob.digest}`);
}
