import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { BlobStore } from "./blob-store.ts";
import type { TagStore } from "./tag-store.ts";

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What the handlers work on. */
export interface HandlerParts {
  readonly blobs: BlobStore;
  readonly tags: TagStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly maxBlobBytes: number;
}

/**
 * The body, piece by piece. Leaving it half-way keeps the connection open, as otherwise the refusal that explains it
 * could not be sent.
 */
export function bodyPieces(request: IncomingMessage): AsyncIterable<Uint8Array> {
  const pieces = request.iterator({ destroyOnReturn: false });
  return { [Symbol.asyncIterator]: () => pieces };
}
