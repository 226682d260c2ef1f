import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { createImageUnpacker, type ImageUnpacker } from "../../src/adapters/images/image-unpacker.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createRegistryServer } from "../../src/cloud/registry/registry-server.ts";

/** An entry of a layer that a test makes, however wrong. */
export type FixtureEntry = Partial<Header> & Pick<Header, "name"> & { readonly content?: string | Buffer };

/** A registry with an unpacker, and a way to push images that no builder of ours would make. */
export interface ImageFixture extends AsyncDisposable {
  readonly registryUrl: string;
  readonly directory: string;
  readonly unpackedDirectory: string;
  readonly unpacker: ImageUnpacker;
  readonly push: (image: PushedImage) => Promise<string>;
}

export interface PushedImage {
  readonly layers: readonly (readonly FixtureEntry[] | Uint8Array)[];
  readonly config?: object;
  readonly compression?: "gzip";
  /** Default: `FIXTURE_REPOSITORY`. */
  readonly repository?: string;
}

const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

export const FIXTURE_REPOSITORY = "gcr.io/mobius-staging/fixture";

/** Starts a registry on a free port over a new folder; disposing ends it and removes the folder. */
export async function startImageFixture(): Promise<ImageFixture> {
  const directory = await mkdtemp(join(tmpdir(), "mobius-unpack-"));
  const server = createRegistryServer({ directory: join(directory, "registry"), clock: systemClock, ids: systemIds });
  const { url: registryUrl } = await server.listen();
  const unpackedDirectory = join(directory, "unpacked");
  return {
    registryUrl,
    directory,
    unpackedDirectory,
    unpacker: createImageUnpacker({ registryUrl, unpackedDirectory }),
    push: async (image) => await pushImage(registryUrl, image),
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Pushes an image as `latest`, and gives its reference by digest. */
export async function pushImage(registryUrl: string, image: PushedImage): Promise<string> {
  const { layers, config = {}, compression, repository = FIXTURE_REPOSITORY } = image;
  const base = `${registryUrl}/v2/${repository}`;
  const pushed = [];
  const contents: string[] = [];
  for (const layer of layers) {
    const tar = layer instanceof Uint8Array ? layer : await tarOf(layer);
    contents.push(`sha256:${createHash("sha256").update(tar).digest("hex")}`);
    const content = compression === "gzip" ? gzipSync(tar) : tar;
    const mediaType = `application/vnd.oci.image.layer.v1.tar${compression === "gzip" ? "+gzip" : ""}`;
    pushed.push({ mediaType, ...(await pushBlob(base, content)) });
  }
  const whole = { architecture: ARCHITECTURE, os: "linux", config, rootfs: { type: "layers", diff_ids: contents } };
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      ...(await pushBlob(base, Buffer.from(JSON.stringify(whole)))),
    },
    layers: pushed,
  });
  const response = await fetch(`${base}/manifests/latest`, {
    method: "PUT",
    body: manifest,
    headers: { "content-type": mediaType },
  });
  return `${repository}@${response.headers.get("docker-content-digest")}`;
}

async function pushBlob(base: string, content: Uint8Array): Promise<{ digest: string; size: number }> {
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  await fetch(`${base}/blobs/uploads/?digest=${digest}`, { method: "POST", body: content });
  return { digest, size: content.length };
}

/** A tar of exactly these entries. */
export async function tarOf(entries: readonly FixtureEntry[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { content = "", ...header } of entries) {
    if (header.type === undefined || header.type === "file") archive.entry(header, content);
    else archive.entry(header, () => {});
  }
  archive.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of archive) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}
