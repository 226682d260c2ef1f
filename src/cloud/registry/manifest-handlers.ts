import { z } from "zod";
import { type Digest, digestOf, isDigest } from "../../core/values/digest.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { BlobStore } from "./blob-store.ts";
import { bodyPieces, type Exchange, type HandlerParts } from "./exchange.ts";
import { type RegistryError, refuse } from "./registry-error.ts";
import type { Route } from "./route.ts";
import type { TagStore } from "./tag-store.ts";

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_TAGS_A_PAGE = 1_000;

const descriptor = z.object({ digest: z.string().refine(isDigest) });

/** Only what this registry looks at: an image's parts, or the images of an index. */
const manifestShape = z.union([
  z.object({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    config: descriptor,
    layers: z.array(descriptor).max(1_000),
  }),
  z.object({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    manifests: z.array(descriptor).max(1_000),
  }),
]);

type Manifest = z.infer<typeof manifestShape>;
type ManifestRoute = Extract<Route, { kind: "manifest" }>;

export interface ManifestHandlers {
  manifest(exchange: Exchange, route: ManifestRoute): Promise<RegistryError | undefined>;
  tags(exchange: Exchange, repository: string, query: URLSearchParams): Promise<RegistryError | undefined>;
}

/** Manifests by tag and by digest, and the list of tags. */
export function createManifestHandlers({ blobs, tags }: HandlerParts): ManifestHandlers {
  return {
    async manifest(exchange, route) {
      switch (exchange.request.method) {
        case "GET":
        case "HEAD":
          return await send(exchange, route, { blobs, tags });
        case "PUT":
          return await receive(exchange, route, { blobs, tags });
        default:
          return refuse("UNSUPPORTED", "manifests are not deleted");
      }
    },
    async tags({ request, response }, repository, query) {
      if (request.method !== "GET") return refuse("UNSUPPORTED", "tags are only listed");
      const all = await tags.tags(repository);
      if (all === undefined) return refuse("NAME_UNKNOWN", `there is no repository ${repository}`);
      const last = query.get("last") ?? "";
      const count = pageSize(query.get("n"));
      const after = all.filter((tag) => last === "" || tag > last);
      const page = after.slice(0, count);
      if (after.length > count && page.length > 0) {
        const next = new URLSearchParams({ n: String(count), last: page.at(-1) ?? "" });
        response.setHeader("link", `</v2/${repository}/tags/list?${next}>; rel="next"`);
      }
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ name: repository, tags: page }));
      return undefined;
    },
  };
}

interface Stores {
  readonly blobs: BlobStore;
  readonly tags: TagStore;
}

async function send(
  { request, response }: Exchange,
  { repository, reference }: ManifestRoute,
  { blobs, tags }: Stores,
): Promise<RegistryError | undefined> {
  const digest = reference.kind === "digest" ? reference.digest : await tags.resolve(repository, reference.tag);
  const mediaType = digest === undefined ? undefined : await tags.mediaType(repository, digest);
  if (digest === undefined || mediaType === undefined) {
    return refuse("MANIFEST_UNKNOWN", `${repository} has no such manifest`);
  }
  const content = await blobs.read(digest);
  response.writeHead(200, {
    "content-type": mediaType,
    "content-length": content.length,
    "docker-content-digest": digest,
  });
  response.end(request.method === "HEAD" ? undefined : content);
  return undefined;
}

/** What a tag stands for is on disk before the tag is: a crash leaves at most a manifest without its tag. */
async function receive(
  { request, response }: Exchange,
  { repository, reference }: ManifestRoute,
  { blobs, tags }: Stores,
): Promise<RegistryError | undefined> {
  const content = await bodyOf(bodyPieces(request));
  if (content === undefined) return { ...refuse("MANIFEST_INVALID", "a manifest has at most 4 MiB"), status: 413 };
  const manifest = parseManifest(content, request.headers["content-type"] ?? "");
  if (!manifest.ok) return manifest.error;
  const digest = digestOf(content);
  if (reference.kind === "digest" && reference.digest !== digest) {
    return refuse("DIGEST_INVALID", `the content is ${digest}`);
  }
  const missing = await firstMissing(repository, manifest.value.parsed, { blobs, tags });
  if (missing !== undefined) return refuse("MANIFEST_BLOB_UNKNOWN", `${repository} has no ${missing}`);
  await blobs.keep(repository, digest, content);
  await tags.addManifest(repository, digest, manifest.value.mediaType);
  if (reference.kind === "tag") await tags.setTag(repository, reference.tag, digest);
  response
    .writeHead(201, {
      location: `/v2/${repository}/manifests/${digest}`,
      "docker-content-digest": digest,
      "content-length": 0,
    })
    .end();
  return undefined;
}

function parseManifest(
  content: Uint8Array,
  contentType: string,
): Result<{ readonly parsed: Manifest; readonly mediaType: string }, RegistryError> {
  const parsed = manifestShape.safeParse(jsonOf(content));
  if (!parsed.success) return err(refuse("MANIFEST_INVALID", "neither an image manifest nor an index"));
  const declared = contentType.split(";")[0]?.trim() ?? "";
  const mediaType = parsed.data.mediaType ?? declared;
  if (!/^application\/vnd\.[a-z0-9.+-]{1,200}$/.test(mediaType)) {
    return err(refuse("MANIFEST_INVALID", "its media type is missing"));
  }
  if (declared !== mediaType && declared !== "") {
    return err(refuse("MANIFEST_INVALID", `sent as ${declared}, but it says that it is ${mediaType}`));
  }
  return ok({ parsed: parsed.data, mediaType });
}

async function firstMissing(
  repository: string,
  manifest: Manifest,
  { blobs, tags }: Stores,
): Promise<Digest | undefined> {
  if ("manifests" in manifest) {
    for (const { digest } of manifest.manifests) {
      if ((await tags.mediaType(repository, digest)) === undefined) return digest;
    }
    return undefined;
  }
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    if ((await blobs.size(repository, digest)) === undefined) return digest;
  }
  return undefined;
}

async function bodyOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of pieces) {
    size += chunk.length;
    if (size > MAX_MANIFEST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function pageSize(text: string | null): number {
  const asked = Number(text ?? MAX_TAGS_A_PAGE);
  return Number.isInteger(asked) && asked >= 0 ? Math.min(asked, MAX_TAGS_A_PAGE) : MAX_TAGS_A_PAGE;
}

function jsonOf(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString("utf8"));
  } catch {
    return undefined;
  }
}
