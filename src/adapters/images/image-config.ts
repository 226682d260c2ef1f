import { z } from "zod";
import { type Digest, digestOf, isDigest } from "../../core/values/digest.ts";
import { collect, type RegistryClient, type StoredManifest } from "./registry-client.ts";

const descriptor = z.object({
  mediaType: z.string().default(""),
  digest: z.string().refine(isDigest),
  size: z.number().int().min(0),
});
const imageManifest = z.object({
  schemaVersion: z.literal(2),
  config: descriptor,
  layers: z.array(descriptor).max(1_000),
});
const index = z.object({
  schemaVersion: z.literal(2),
  manifests: z
    .array(descriptor.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() }))
    .max(1_000),
});
const words = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const imageConfig = z.object({
  config: z
    .object({
      Entrypoint: words,
      Cmd: words,
      Env: words,
      WorkingDir: z.string().optional(),
      User: z.string().optional(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .prefault({}),
});

export type Layer = z.infer<typeof descriptor>;

/** What an image is made of, and how it wants to be run. */
export interface ImageDescription {
  readonly digest: Digest;
  readonly layers: readonly Layer[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly workingDirectory: string;
  /** `user[:group]` by name or number; empty for root. */
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
}

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** Reads an image's manifest and configuration, of an index the image for this machine. Undefined: it is not there. */
export async function describeImage(
  client: RegistryClient,
  repository: string,
  reference: string,
): Promise<ImageDescription | undefined> {
  const top = await client.manifest(repository, reference);
  const stored = top === undefined ? undefined : await imageOf(client, repository, top);
  if (top === undefined || stored === undefined) return undefined;
  const { config, layers } = imageManifest.parse(jsonOf(stored.content));
  const content = await collect(await client.blob(repository, config.digest), MAX_CONFIG_BYTES);
  if (digestOf(content) !== config.digest)
    throw new Error(`the configuration of ${repository} is not ${config.digest}`);
  const { Entrypoint, Cmd, Env, WorkingDir, User, Labels } = imageConfig.parse(jsonOf(content)).config;
  return {
    digest: top.digest,
    layers,
    entrypoint: Entrypoint,
    command: Cmd,
    env: Env,
    workingDirectory: WorkingDir === undefined || WorkingDir === "" ? "/" : WorkingDir,
    user: User ?? "",
    labels: Labels ?? {},
  };
}

async function imageOf(
  client: RegistryClient,
  repository: string,
  top: StoredManifest,
): Promise<StoredManifest | undefined> {
  const list = index.safeParse(jsonOf(top.content));
  if (!list.success) return top;
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const mine = list.data.manifests.find(
    ({ platform }) => platform?.os === "linux" && platform.architecture === architecture,
  );
  return await client.manifest(repository, (mine ?? list.data.manifests[0])?.digest ?? top.digest);
}

function jsonOf(content: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(content));
}
