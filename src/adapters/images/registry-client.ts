/**
 * Images over the OCI distribution API. `registry-client.ts` is one call to one request; `registry-images.ts` reads and
 * tags, `source-images.ts` makes images of a checkout's files, `image-unpacker.ts` turns an image into a folder.
 */
import { type Digest, digestOf, isDigest } from "../../core/values/digest.ts";
import type { Secret } from "../../core/values/secret.ts";
import { answerChallenge } from "./registry-challenge.ts";

/** A registry token, or where to get one that may grow old. */
export type RegistryToken = Secret | (() => Promise<Secret>);

export interface RegistryClientOptions {
  /**
   * Origin of the registry that keeps all repositories under their full names, such as `http://127.0.0.1:5000`. Absent:
   * each repository is asked for at its own host, as on Google.
   */
  readonly registryUrl?: string;
  readonly token?: RegistryToken;
}

/** A manifest's exact bytes, checked against the digest. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Uint8Array;
}

/** A blob to push; `content` is asked for only where the registry does not have it. */
export interface BlobToPush {
  readonly repository: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly content: () => AsyncIterable<Uint8Array>;
  /** A repository of the same registry that has it: where the registry can, nothing is sent at all. */
  readonly mountFrom?: string;
}

/** Answers that are neither what was asked for nor "not there" are thrown, with the registry's own words. */
export interface RegistryClient {
  digest(repository: string, reference: string): Promise<Digest | undefined>;
  manifest(repository: string, reference: string): Promise<StoredManifest | undefined>;
  /** The bytes as they come: whoever uses them checks the digest. */
  blob(repository: string, digest: Digest): Promise<AsyncIterable<Uint8Array>>;
  /** Does nothing where the repository has it. */
  pushBlob(blob: BlobToPush): Promise<void>;
  pushManifest(manifest: {
    readonly repository: string;
    readonly reference: string;
    readonly mediaType: string;
    readonly content: Uint8Array;
  }): Promise<void>;
}

/** What registries answer with, in the order in which we like it. */
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const CALL_TIMEOUT_MS = 30_000;
/** For a blob of 2 GiB over a slow line. */
const BLOB_TIMEOUT_MS = 30 * 60 * 1_000;

/** A client for all repositories of one registry, or of Google's. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const call = createCall(options);
  const manifestUrl = (repository: string, reference: string) => urlOf(options, repository, `manifests/${reference}`);

  return {
    async digest(repository, reference) {
      const url = manifestUrl(repository, reference);
      const response = await call({ method: "HEAD", url, headers: { accept: MANIFEST_TYPES }, understood: [404] });
      const text = response.headers.get("docker-content-digest") ?? "";
      if (response.status === 404) return undefined;
      if (!isDigest(text)) throw new Error(`${url.host} gave no digest for ${repository} ${reference}`);
      return text;
    },
    async manifest(repository, reference) {
      const url = manifestUrl(repository, reference);
      const response = await call({ method: "GET", url, headers: { accept: MANIFEST_TYPES }, understood: [404] });
      if (response.status === 404) return undefined;
      const content = await collect(bodyOf(response), MAX_MANIFEST_BYTES);
      const digest = digestOf(content);
      if (isDigest(reference) && reference !== digest) {
        throw new Error(`${url.host} gave ${digest} for ${repository}@${reference}`);
      }
      return { digest, content, mediaType: response.headers.get("content-type") ?? "" };
    },
    async blob(repository, digest) {
      const url = urlOf(options, repository, `blobs/${digest}`);
      return bodyOf(await call({ method: "GET", url, timeoutMs: BLOB_TIMEOUT_MS }));
    },
    async pushBlob({ repository, digest, sizeBytes, content, mountFrom }) {
      const there = await call({
        method: "HEAD",
        url: urlOf(options, repository, `blobs/${digest}`),
        understood: [404],
      });
      if (there.status !== 404) return;
      const start = urlOf(options, repository, "blobs/uploads/");
      const mounted = mountFrom === undefined ? undefined : nameAtSameRegistry(options, mountFrom, start);
      if (mounted !== undefined) {
        start.searchParams.set("mount", digest);
        start.searchParams.set("from", mounted);
      }
      const started = await call({ method: "POST", url: start, headers: { "content-length": "0" } });
      if (started.status === 201) return; // mounted; 202 is an upload, from a registry that would not
      const location = new URL(started.headers.get("location") ?? "", start);
      location.searchParams.set("digest", digest);
      await call({
        method: "PUT",
        url: location,
        headers: { "content-type": "application/octet-stream", "content-length": String(sizeBytes) },
        body: ReadableStream.from(content()),
        timeoutMs: BLOB_TIMEOUT_MS,
      });
    },
    async pushManifest({ repository, reference, mediaType, content }) {
      const url = manifestUrl(repository, reference);
      await call({ method: "PUT", url, headers: { "content-type": mediaType }, body: content });
    },
  };
}

/** All bytes of a stream that must not be longer than `maxBytes`. */
export async function collect(pieces: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes came from the registry`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

interface Request {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | ReadableStream;
  /** Statuses beside 2xx that the caller understands. */
  readonly understood?: readonly number[];
  readonly timeoutMs?: number;
}

function createCall({ registryUrl, token }: RegistryClientOptions): (request: Request) => Promise<Response> {
  const granted = new Map<string, string>();
  return async ({ method, url, headers = {}, body, understood = [], timeoutMs = CALL_TIMEOUT_MS }) => {
    // An upload's address may be elsewhere: the token is for the registry alone.
    const isRegistry = registryUrl === undefined ? isOwnHost(url) : url.origin === new URL(registryUrl).origin;
    const known = token === undefined ? granted.get(url.origin) : await revealed(token);
    const ask = (bearer: string | undefined) =>
      fetch(url, {
        method,
        headers: { ...headers, ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body, duplex: "half" }),
      });
    let response = await ask(isRegistry ? known : undefined);
    // A registry of others gives whoever asks a token for what is public; only what can be read twice is asked again.
    if (response.status === 401 && token === undefined && body === undefined) {
      const given = await answerChallenge(response.headers.get("www-authenticate") ?? "", timeoutMs);
      if (given !== undefined) {
        granted.set(url.origin, given);
        response = await ask(given);
      }
    }
    if (response.ok || understood.includes(response.status)) return response;
    const words = method === "HEAD" ? "" : (await response.text()).slice(0, 500);
    throw new Error(`the registry answered ${response.status} to ${method} ${url.href}: ${words}`);
  };
}

async function revealed(token: RegistryToken): Promise<string> {
  return (typeof token === "function" ? await token() : token).reveal();
}

/** Where a repository answers: at the registry that keeps all of them, or at the host of its own name. */
export function urlOf({ registryUrl }: RegistryClientOptions, repository: string, rest: string): URL {
  if (registryUrl !== undefined) return new URL(`/v2/${repository}/${rest}`, registryUrl);
  const [host = "", ...path] = repository.split("/");
  const origin = isLoopback(host) ? `http://${host}` : `https://${host === "docker.io" ? DOCKER_HUB : host}`;
  return new URL(`${origin}/v2/${path.join("/")}/${rest}`);
}

/** A repository's name as its registry has it, where that is the registry at the address. */
function nameAtSameRegistry(options: RegistryClientOptions, repository: string, at: URL): string | undefined {
  const { origin, pathname } = urlOf(options, repository, "");
  return origin === at.origin ? pathname.slice("/v2/".length, -1) : undefined;
}

/** Docker's own registry answers at another name than the one that images have. */
const DOCKER_HUB = "registry-1.docker.io";

/** Registries of this machine speak plain HTTP, as Docker assumes too. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}

function isOwnHost(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(url.host);
}

async function* bodyOf(response: Response): AsyncIterable<Uint8Array> {
  if (response.body !== null) yield* response.body;
}
