import { type Digest, isDigest } from "../../core/values/digest.ts";
import type { RegistryClient, StoredManifest } from "./registry-client.ts";

interface Copy {
  readonly digest: Digest;
  readonly from: string;
  readonly to: string;
}

/** An index of indexes is no image that anybody builds. */
const MAX_DEPTH = 2;
const MAX_PARTS = 1_000;

interface Part {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** What a manifest is made of: other manifests (an index), or a configuration and layers. */
interface Parts {
  readonly manifests: readonly Part[];
  readonly blobs: readonly Part[];
}

/**
 * Copies an image from one repository to another with the manifest's exact bytes, so that its digest stays. What it is made
 * of comes first: a registry refuses a manifest whose parts it lacks, and a copy that was cut short is no image. What is
 * there already is not sent again. False where there is no such image to copy.
 */
export async function copyImage(client: RegistryClient, copy: Copy, depth = 0): Promise<boolean> {
  const { digest, from, to } = copy;
  if (from === to || (await client.digest(to, digest)) === digest) return true;
  const manifest = await client.manifest(from, digest);
  if (manifest === undefined) return false;
  const { manifests, blobs } = partsOf(manifest);
  if (depth >= MAX_DEPTH && manifests.length > 0)
    throw new Error(`${from}@${digest} is an index of indexes of indexes`);
  for (const part of manifests) {
    if (!(await copyImage(client, { ...copy, digest: part.digest }, depth + 1))) {
      throw new Error(`${from} has no ${part.digest}, which ${digest} names`);
    }
  }
  for (const part of blobs) {
    await client.pushBlob({ repository: to, ...part, from, content: () => blobOf(client, from, part.digest) });
  }
  await client.pushManifest({
    repository: to,
    reference: digest,
    mediaType: manifest.mediaType,
    content: manifest.content,
  });
  return true;
}

async function* blobOf(client: RegistryClient, repository: string, digest: Digest): AsyncIterable<Uint8Array> {
  yield* await client.blob(repository, digest);
}

function partsOf({ content, digest }: StoredManifest): Parts {
  const body = JSON.parse(Buffer.from(content).toString("utf8")) as Record<string, unknown>;
  const listed = (name: string): readonly Part[] => (Array.isArray(body[name]) ? body[name] : []).map(partOf);
  const blobs = [...(body.config === undefined ? [] : [partOf(body.config)]), ...listed("layers")];
  const manifests = listed("manifests");
  if (blobs.length + manifests.length > MAX_PARTS) throw new Error(`${digest} has more than ${MAX_PARTS} parts`);
  return { blobs, manifests };
}

function partOf(descriptor: unknown): Part {
  const { digest, size } = descriptor as { digest?: unknown; size?: unknown };
  if (typeof digest !== "string" || !isDigest(digest) || typeof size !== "number") {
    throw new Error(`a manifest names a part without digest or size: ${JSON.stringify(descriptor)}`);
  }
  return { digest, sizeBytes: size };
}
