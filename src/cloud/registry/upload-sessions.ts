import type { Upload } from "./blob-store.ts";
import { bodyPieces, type Exchange, type HandlerParts } from "./exchange.ts";
import { type RegistryError, refuse } from "./registry-error.ts";

const MAX_UPLOADS = 100;
/** An upload that nobody touched for this long makes room for others. */
const UPLOAD_IDLE_MS = 10 * 60 * 1_000;

/** An upload under way. While a request writes to it no other may. */
export interface Session {
  readonly upload: Upload;
  readonly touchedAtMs: number;
  readonly state: "idle" | "writing";
}

/** Uploads under way. They live in memory and end with the server: the client begins again, as after any broken upload. */
export interface UploadSessions {
  /** A new upload, or a refusal where there are too many. */
  begin(repository: string): Promise<Session | RegistryError>;
  find(id: string): Session | undefined;
  /** Adds the request's body. The session is there afterwards, and idle, whatever became of the request. */
  take(session: Session, exchange: Exchange): Promise<Upload | RegistryError>;
  /** Forgets the upload; its file is the caller's. */
  forget(id: string): void;
  /** Forgets the upload and removes its file. */
  drop(id: string): Promise<void>;
}

/** No uploads yet. */
export function createUploadSessions({ blobs, clock, ids, maxBlobBytes }: Omit<HandlerParts, "tags">): UploadSessions {
  const sessions = new Map<string, Session>();
  const keep = (upload: Upload, state: Session["state"]): Session => {
    const session = { upload, touchedAtMs: clock.monotonicMs(), state };
    sessions.set(upload.id, session);
    return session;
  };
  const drop = async (id: string) => {
    sessions.delete(id);
    await blobs.dropUpload(id);
  };
  const isForgotten = ({ state, touchedAtMs }: Session) =>
    state === "idle" && clock.monotonicMs() - touchedAtMs > UPLOAD_IDLE_MS;

  return {
    async begin(repository) {
      for (const session of [...sessions.values()].filter(isForgotten)) await drop(session.upload.id);
      if (sessions.size >= MAX_UPLOADS) return refuse("TOOMANYREQUESTS", `at most ${MAX_UPLOADS} uploads at a time`);
      return keep(await blobs.startUpload(ids.uuid(), repository), "idle");
    },
    find: (id) => sessions.get(id),
    async take({ upload }, { request }) {
      let taken = upload;
      keep(upload, "writing");
      try {
        const appended = await blobs.append(upload, bodyPieces(request), maxBlobBytes);
        if (appended.kind === "too-large") return refuse("SIZE_INVALID", `a blob has at most ${maxBlobBytes} bytes`);
        taken = { ...upload, size: appended.size };
        return taken;
      } finally {
        keep(taken, "idle");
      }
    },
    forget: (id) => void sessions.delete(id),
    drop,
  };
}
