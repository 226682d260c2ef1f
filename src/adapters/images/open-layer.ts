import { createHash } from "node:crypto";
import type { Layer } from "./image-config.ts";
import type { RegistryClient } from "./registry-client.ts";
import type { LayerToUnpack } from "./unpack-layer.ts";

/** A layer's content as the registry gives it, checked on the way, and how it is packed. */
export async function openLayer(client: RegistryClient, repository: string, layer: Layer): Promise<LayerToUnpack> {
  const content = checked(await client.blob(repository, layer.digest), layer);
  return { content, compression: compressionOf(layer), sizeBytes: layer.size };
}

/** The bytes as they come; the stream breaks where there are too many, or where they are not what was asked for. */
async function* checked(content: AsyncIterable<Uint8Array>, layer: Layer): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of content) {
    size += piece.length;
    if (size > layer.size) throw new Error(`layer ${layer.digest} is longer than its manifest says`);
    hash.update(piece);
    yield piece;
  }
  if (`sha256:${hash.digest("hex")}` !== layer.digest) throw new Error(`the registry's layer is not ${layer.digest}`);
}

function compressionOf({ mediaType }: Layer): "none" | "gzip" | "zstd" {
  if (/^application\/vnd\.(oci|docker)\.image\..*(tar\+gzip|tar\.gzip)$/.test(mediaType)) return "gzip";
  if (/^application\/vnd\.oci\.image\.layer\..*tar\+zstd$/.test(mediaType)) return "zstd";
  if (/^application\/vnd\.oci\.image\.layer\.(nondistributable\.)?v1\.tar$/.test(mediaType)) return "none";
  throw new Error(`layers of type ${mediaType} are not unpacked here`);
}
