import { createHash } from "node:crypto";
import { canonicalJson, type Digest, digest, digestOf } from "../../core/values/digest.ts";
import type { SourceImages } from "../../ports/images.ts";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "./registry-client.ts";
import { APP_FOLDER, sourceLayer } from "./source-layer.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/**
 * Makes images of one layer that holds the files beneath `/app`. The layer is made twice, once for its digest and once
 * for the registry if that lacks it, so that nothing but one piece of it is ever in memory. Tags are pushed last.
 */
export function createSourceImages(options: RegistryClientOptions): SourceImages {
  const client = createRegistryClient(options);
  return {
    async build({ root, files, command, labels, repository, tags }) {
      const layer = await measure(sourceLayer(root, files));
      await client.pushBlob({ repository, ...layer, content: () => sourceLayer(root, files) });
      const config = await pushBytes(client, repository, configOf({ layer: layer.digest, command, labels }));
      const content = bytesOf({
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        config: { mediaType: CONFIG_TYPE, digest: config.digest, size: config.sizeBytes },
        layers: [{ mediaType: LAYER_TYPE, digest: layer.digest, size: layer.sizeBytes }],
      });
      for (const reference of tags) {
        await client.pushManifest({ repository, reference, mediaType: MANIFEST_TYPE, content });
      }
      return digestOf(content);
    },
  };
}

/** No time and no host: the configuration depends on the request alone. Its files run on any processor. */
function configOf(image: {
  readonly layer: Digest;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}): Uint8Array {
  return bytesOf({
    architecture: "amd64",
    os: "linux",
    config: { Cmd: image.command, WorkingDir: `/${APP_FOLDER}`, Labels: image.labels },
    rootfs: { type: "layers", diff_ids: [image.layer] },
  });
}

interface Measured {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

async function pushBytes(client: RegistryClient, repository: string, bytes: Uint8Array): Promise<Measured> {
  const measured = { digest: digestOf(bytes), sizeBytes: bytes.length };
  await client.pushBlob({ repository, ...measured, content: () => once(bytes) });
  return measured;
}

async function measure(pieces: AsyncIterable<Uint8Array>): Promise<Measured> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    sizeBytes += piece.length;
  }
  return { digest: digest(`sha256:${hash.digest("hex")}`), sizeBytes };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}
