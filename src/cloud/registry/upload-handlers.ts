import { type Digest, isDigest } from "../../core/values/digest.ts";
import type { Upload } from "./blob-store.ts";
import { bodyPieces, type Exchange, type HandlerParts } from "./exchange.ts";
import { type RegistryError, refuse } from "./registry-error.ts";
import type { Route } from "./route.ts";

/** The largest blob: 2 GiB. */
const MAX_BLOB_BYTES = 2 * 1024 * 1024 * 1024;
const MAX_UPLOADS = 100;
/** An upload that nobody touched for this long makes room for others. */
const UPLOAD_IDLE_MS = 60 * 60 * 1_000;

/** An upload under way. While a request writes to it no other may. */
interface Session {
  readonly upload: Upload;
  readonly touchedAtMs: number;
  readonly state: "idle" | "writing";
}

/** Where an upload goes on, and what of it is there. */
type UploadRoute = Extract<Route, { kind: "upload" }>;

export interface UploadHandlers {
  /** Begins an upload; with a digest in the query it is the whole of it. */
  start(exchange: Exchange, repository: string, query: URLSearchParams): Promise<RegistryError | undefined>;
  /** Takes a chunk, ends an upload, tells how far it is, or drops it. */
  goOn(exchange: Exchange, route: UploadRoute, query: URLSearchParams): Promise<RegistryError | undefined>;
}

/** Uploads live in memory and end with the server: the client begins again, as it does after any broken upload. */
export function createUploadHandlers({ blobs, clock, ids }: Omit<HandlerParts, "tags">): UploadHandlers {
  const sessions = new Map<string, Session>();

  const drop = async (id: string) => {
    sessions.delete(id);
    await blobs.dropUpload(id);
  };

  const makeRoom = async () => {
    const idle = [...sessions.values()].filter(
      ({ state, touchedAtMs }) => state === "idle" && clock.monotonicMs() - touchedAtMs > UPLOAD_IDLE_MS,
    );
    for (const { upload } of idle) await drop(upload.id);
    return sessions.size < MAX_UPLOADS;
  };

  /** Adds the request's body; the session is back, and idle, whatever becomes of the request. */
  const take = async (session: Session, { request }: Exchange): Promise<Upload | RegistryError> => {
    const { upload } = session;
    let size = upload.size;
    sessions.set(upload.id, { ...session, state: "writing" });
    try {
      const appended = await blobs.append(upload, bodyPieces(request), MAX_BLOB_BYTES);
      if (appended.kind === "too-large") return refuse("SIZE_INVALID", `a blob has at most ${MAX_BLOB_BYTES} bytes`);
      size = appended.size;
      return { ...upload, size };
    } finally {
      sessions.set(upload.id, { upload: { ...upload, size }, touchedAtMs: clock.monotonicMs(), state: "idle" });
    }
  };

  const finish = async (session: Session, exchange: Exchange, digest: Digest): Promise<RegistryError | undefined> => {
    const upload = await take(session, exchange);
    if ("code" in upload) {
      await drop(session.upload.id);
      return upload;
    }
    sessions.delete(upload.id);
    if (!(await blobs.finish(upload, digest))) return refuse("DIGEST_INVALID", `the content is not ${digest}`);
    exchange.response
      .writeHead(201, {
        location: `/v2/${upload.repository}/blobs/${digest}`,
        "docker-content-digest": digest,
        "content-length": 0,
      })
      .end();
    return undefined;
  };

  return {
    async start(exchange, repository, query) {
      if (exchange.request.method !== "POST") return refuse("UNSUPPORTED", "uploads are begun with POST");
      const digest = query.get("digest");
      if (digest !== null && !isDigest(digest)) return refuse("DIGEST_INVALID", `not a digest: ${digest}`);
      if (!(await makeRoom())) return refuse("TOOMANYREQUESTS", `at most ${MAX_UPLOADS} uploads at a time`);
      const upload = await blobs.startUpload(ids.uuid(), repository);
      const session: Session = { upload, touchedAtMs: clock.monotonicMs(), state: "idle" };
      sessions.set(upload.id, session);
      if (digest !== null) return await finish(session, exchange, digest);
      sendProgress(exchange, upload, 202);
      return undefined;
    },

    async goOn(exchange, route, query) {
      const session = sessions.get(route.upload);
      if (session === undefined || session.upload.repository !== route.repository) {
        return refuse("BLOB_UPLOAD_UNKNOWN", `there is no upload ${route.upload}`);
      }
      if (session.state === "writing") return refuse("BLOB_UPLOAD_INVALID", "another request writes to this upload");
      if (!fitsOn(exchange, session.upload)) {
        return refuse("BLOB_UPLOAD_INVALID", `the upload goes on at byte ${session.upload.size}`);
      }
      switch (exchange.request.method) {
        case "PATCH": {
          const upload = await take(session, exchange);
          if ("code" in upload) return upload;
          sendProgress(exchange, upload, 202);
          return undefined;
        }
        case "PUT": {
          const digest = query.get("digest") ?? "";
          if (!isDigest(digest)) return refuse("DIGEST_INVALID", `not a digest: ${digest}`);
          return await finish(session, exchange, digest);
        }
        case "GET":
          sendProgress(exchange, session.upload, 204);
          return undefined;
        case "DELETE":
          await drop(session.upload.id);
          exchange.response.writeHead(204).end();
          return undefined;
        default:
          return refuse("UNSUPPORTED", `uploads have no ${exchange.request.method}`);
      }
    },
  };
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
