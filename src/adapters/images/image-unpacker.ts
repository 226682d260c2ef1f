import { execFile } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { Digest } from "../../core/values/digest.ts";
import { describeImage, type ImageDescription, type Layer } from "./image-config.ts";
import { parseImageReference } from "./image-reference.ts";
import { openLayer } from "./open-layer.ts";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "./registry-client.ts";
import { checkLinks, type Unpacking, unpackLayer } from "./unpack-layer.ts";

/** An image as a folder of the host, and how it wants to be run. */
export interface UnpackedImage {
  /** The image's root; its files are read-only and shared by all who run it. */
  readonly directory: string;
  readonly digest: Digest;
  /** Entry point and command, as the image has them. */
  readonly command: readonly string[];
  readonly entrypoint: readonly string[];
  /** `user[:group]` by name or number; empty for root. */
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  /** The host's path of the folder in which the command starts, inside `directory`. */
  readonly workingDirectory: string;
}

export interface ImageUnpacker {
  /**
   * Unpacks an image once; later calls, and those at the same time, get the same folder. Throws where the registry does
   * not have it, its content has another digest, or its archive is not safe to unpack.
   */
  unpack(reference: string): Promise<UnpackedImage>;
}

/** An image of a service is small; one of a builder has a distribution in it. */
const LIMITS = {
  instance: { entries: 200_000, bytes: 4 * 1024 ** 3 },
  container: { entries: 2_000_000, bytes: 32 * 1024 ** 3 },
} as const;
const MAX_LAYER_BYTES = 8 * 1024 ** 3;
const PARTIAL = ".partial-";

const savedImage = z.object({
  command: z.array(z.string()),
  entrypoint: z.array(z.string()).default([]),
  user: z.string().default(""),
  env: z.record(z.string(), z.string()),
  workingDirectory: z.string(),
});
type SavedImage = z.infer<typeof savedImage>;

export interface ImageUnpackerOptions extends RegistryClientOptions {
  readonly unpackedDirectory: string;
  /** What the folders are for; see `Unpacking`. */
  readonly purpose?: Unpacking["purpose"];
}

/** An unpacker over `<unpackedDirectory>/<digest hex>`. One server at a time works on the folder. */
export function createImageUnpacker({
  unpackedDirectory,
  purpose = "instance",
  ...options
}: ImageUnpackerOptions): ImageUnpacker {
  const client = createRegistryClient(options);
  const running = new Map<Digest, Promise<UnpackedImage>>();
  let prepared: Promise<void> | undefined;

  const unpackOnce = async (repository: string, digest: Digest): Promise<UnpackedImage> => {
    prepared ??= removePartial(unpackedDirectory);
    await prepared;
    const folder = join(unpackedDirectory, digest.slice("sha256:".length));
    const saved =
      (await readSaved(folder)) ?? (await pull({ client, repository, digest, unpackedDirectory, folder, purpose }));
    const directory = join(folder, "rootfs");
    return { ...saved, digest, directory, workingDirectory: join(directory, saved.workingDirectory) };
  };

  return {
    async unpack(text) {
      const { repository, reference, digest: named } = parseImageReference(text);
      const digest = named ?? (await client.digest(repository, reference));
      if (digest === undefined) throw new Error(`the registry has no image ${text}`);
      const unpacking = running.get(digest) ?? unpackOnce(repository, digest).finally(() => running.delete(digest));
      running.set(digest, unpacking);
      return await unpacking;
    },
  };
}

interface Pull {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly digest: Digest;
  readonly unpackedDirectory: string;
  readonly folder: string;
  readonly purpose: Unpacking["purpose"];
}

/** Everything happens in a folder aside, which takes its place only when it is whole. */
async function pull({ client, repository, digest, unpackedDirectory, folder, purpose }: Pull): Promise<SavedImage> {
  const image = await describeImage(client, repository, digest);
  if (image === undefined) throw new Error(`the registry has no image ${repository}@${digest}`);
  const saved = savedOf(image);
  const partial = await mkdtemp(join(unpackedDirectory, PARTIAL));
  try {
    await chmod(partial, 0o755);
    const rootfs = join(partial, "rootfs");
    await mkdir(rootfs);
    const unpacking: Unpacking = {
      rootfs,
      entriesLeft: LIMITS[purpose].entries,
      bytesLeft: LIMITS[purpose].bytes,
      links: new Set(),
      purpose,
    };
    for (const layer of image.layers) await pullLayer({ client, repository, layer, unpacking });
    if (purpose === "instance") {
      await checkLinks(unpacking);
      await mkdirInside(rootfs, saved.workingDirectory);
    }
    if (purpose === "container") await promisify(execFile)("sync", ["-f", partial]); // one by one would take minutes
    await writeFile(join(partial, "image.json"), JSON.stringify(saved), { flush: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return saved;
}

async function pullLayer({
  client,
  repository,
  layer,
  unpacking,
}: {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly layer: Layer;
  readonly unpacking: Unpacking;
}): Promise<void> {
  if (layer.size > MAX_LAYER_BYTES) throw new Error(`layer ${layer.digest} has more than ${MAX_LAYER_BYTES} bytes`);
  await unpackLayer(await openLayer(client, repository, layer), unpacking);
}

function savedOf({ entrypoint, command, env, workingDirectory, user }: ImageDescription): SavedImage {
  const segments = workingDirectory.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw new Error(`the image's working directory ${workingDirectory} leaves the image`);
  const pairs = env.flatMap((text) => {
    const at = text.indexOf("=");
    return at < 1 ? [] : [[text.slice(0, at), text.slice(at + 1)] as const];
  });
  return {
    command: [...entrypoint, ...command],
    entrypoint: [...entrypoint],
    user,
    env: Object.fromEntries(pairs),
    workingDirectory: segments.join("/"),
  };
}

/** The working directory is made where no layer has it, as container runtimes do; through a link it is refused. */
async function mkdirInside(rootfs: string, path: string): Promise<void> {
  const segments = path.split("/");
  for (let depth = 1; depth <= segments.length; depth++) {
    const folder = join(rootfs, ...segments.slice(0, depth));
    await mkdir(folder, { recursive: true });
    if (!(await lstat(folder)).isDirectory()) throw new Error(`the image's working directory ${path} is a link`);
  }
}

async function readSaved(folder: string): Promise<SavedImage | undefined> {
  const text = await readFile(join(folder, "image.json"), "utf8").catch(ignoreMissing);
  if (text === undefined) return undefined;
  return savedImage.parse(JSON.parse(text));
}

async function removePartial(unpackedDirectory: string): Promise<void> {
  await mkdir(unpackedDirectory, { recursive: true });
  for (const name of await readdir(unpackedDirectory)) {
    if (name.startsWith(PARTIAL)) await rm(join(unpackedDirectory, name), { recursive: true, force: true });
  }
}

function ignoreMissing(error: unknown): undefined {
  const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
  if (!isMissing) throw error;
}
