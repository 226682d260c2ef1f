import { type Digest, isDigest } from "../../core/values/digest.ts";
import type { Upload } from "./blob-store.ts";
import type { Exchange, HandlerParts } from "./exchange.ts";
import { type RegistryError, refuse } from "./registry-error.ts";
import { isRepositoryName, type Route } from "./route.ts";
import { createUploadSessions, type Session, type UploadSessions } from "./upload-sessions.ts";

/** Where an upload goes on, and what of it is there. */
type UploadRoute = Extract<Route, { kind: "upload" }>;

export interface UploadHandlers {
  /** Begins an upload; with a digest in the query it is the whole of it, with `mount` and `from` it may need none. */
  start(exchange: Exchange, repository: string, query: URLSearchParams): Promise<RegistryError | undefined>;
  /** Takes a chunk, ends an upload, tells how far it is, or drops it. */
  goOn(exchange: Exchange, route: UploadRoute, query: URLSearchParams): Promise<RegistryError | undefined>;
}

/** Uploads in one request or in chunks, with their digest checked before they are blobs. */
export function createUploadHandlers(stores: Omit<HandlerParts, "tags">): UploadHandlers {
  const sessions = createUploadSessions(stores);
  const parts = { blobs: stores.blobs, sessions };
  return {
    async start(exchange, repository, query) {
      if (exchange.request.method !== "POST") return refuse("UNSUPPORTED", "uploads are begun with POST");
      const digest = query.get("digest");
      if (digest !== null && !isDigest(digest)) return refuse("DIGEST_INVALID", `not a digest: ${digest}`);
      if (await isMounted(stores.blobs, repository, query)) {
        sendCreated(exchange, repository, query.get("mount") ?? "");
        return undefined;
      }
      const session = await sessions.begin(repository);
      if ("code" in session) return session;
      if (digest !== null) return await finishOrDrop(parts, session, exchange, digest);
      sendProgress(exchange, session.upload, 202);
      return undefined;
    },
    async goOn(exchange, route, query) {
      const session = sessions.find(route.upload);
      if (session === undefined || session.upload.repository !== route.repository) {
        return refuse("BLOB_UPLOAD_UNKNOWN", `there is no upload ${route.upload}`);
      }
      if (session.state === "writing") return refuse("BLOB_UPLOAD_INVALID", "another request writes to this upload");
      if (!fitsOn(exchange, session.upload)) {
        return refuse("BLOB_UPLOAD_INVALID", `the upload goes on at byte ${session.upload.size}`);
      }
      return await onMethod(parts, session, exchange, query);
    },
  };
}

type Parts = Pick<HandlerParts, "blobs"> & { readonly sessions: UploadSessions };

async function onMethod(
  parts: Parts,
  session: Session,
  exchange: Exchange,
  query: URLSearchParams,
): Promise<RegistryError | undefined> {
  switch (exchange.request.method) {
    case "PATCH": {
      const upload = await parts.sessions.take(session, exchange);
      if ("code" in upload) return upload;
      sendProgress(exchange, upload, 202);
      return undefined;
    }
    case "PUT": {
      const digest = query.get("digest") ?? "";
      if (!isDigest(digest)) return refuse("DIGEST_INVALID", `not a digest: ${digest}`);
      return await finish(parts, session, exchange, digest);
    }
    case "GET":
      sendProgress(exchange, session.upload, 204);
      return undefined;
    case "DELETE":
      await parts.sessions.drop(session.upload.id);
      exchange.response.writeHead(204).end();
      return undefined;
    default:
      return refuse("UNSUPPORTED", `uploads have no ${exchange.request.method}`);
  }
}

/** An upload in one request has no address at which its sender could go on. */
async function finishOrDrop(
  parts: Parts,
  session: Session,
  exchange: Exchange,
  digest: Digest,
): Promise<RegistryError | undefined> {
  try {
    return await finish(parts, session, exchange, digest);
  } catch (error) {
    await parts.sessions.drop(session.upload.id);
    throw error;
  }
}

async function finish(
  { blobs, sessions }: Parts,
  session: Session,
  exchange: Exchange,
  digest: Digest,
): Promise<RegistryError | undefined> {
  const upload = await sessions.take(session, exchange);
  if ("code" in upload) {
    await sessions.drop(session.upload.id);
    return upload;
  }
  sessions.forget(upload.id);
  if (!(await blobs.finish(upload, digest))) return refuse("DIGEST_INVALID", `the content is not ${digest}`);
  sendCreated(exchange, upload.repository, digest);
  return undefined;
}

/** What cannot be mounted is uploaded: the specification has no refusal for it. */
async function isMounted(blobs: HandlerParts["blobs"], repository: string, query: URLSearchParams): Promise<boolean> {
  const [digest, from] = [query.get("mount") ?? "", query.get("from") ?? ""];
  return isDigest(digest) && isRepositoryName(from) && (await blobs.mount({ digest, from, to: repository }));
}

function sendCreated({ response }: Exchange, repository: string, digest: string): void {
  const location = `/v2/${repository}/blobs/${digest}`;
  response.writeHead(201, { location, "docker-content-digest": digest, "content-length": 0 }).end();
}

/** Whether a chunk that says where it belongs belongs at the end of what is there. */
function fitsOn({ request }: Exchange, upload: Upload): boolean {
  const range = request.headers["content-range"];
  if (range === undefined) return true;
  const start = /^(?:bytes[ =])?(\d+)-\d+(?:\/.*)?$/.exec(range)?.[1];
  return start !== undefined && Number(start) === upload.size;
}

function sendProgress({ response }: Exchange, { id, repository, size }: Upload, status: number): void {
  response
    .writeHead(status, {
      location: `/v2/${repository}/blobs/uploads/${id}`,
      // The specification's form has no way to say "nothing yet"; this is what registries send.
      range: `0-${Math.max(size - 1, 0)}`,
      "docker-upload-uuid": id,
      ...(status === 204 ? {} : { "content-length": 0 }),
    })
    .end();
}
