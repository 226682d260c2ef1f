import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { assertNever } from "../../core/values/assert.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Exchange, HandlerParts } from "./exchange.ts";
import { createManifestHandlers } from "./manifest-handlers.ts";
import { type RegistryError, refuse } from "./registry-error.ts";
import type { Route } from "./route.ts";
import { createUploadHandlers } from "./upload-handlers.ts";

/** Answers a request, or gives the refusal that is still to be sent. */
export interface Handlers {
  handle(exchange: Exchange, route: Route, query: URLSearchParams): Promise<RegistryError | undefined>;
}

/** The operations of the distribution API that this registry has. Content is never deleted through it. */
export function createHandlers(parts: HandlerParts): Handlers {
  const manifests = createManifestHandlers(parts);
  const uploads = createUploadHandlers(parts);
  return {
    async handle(exchange, route, query) {
      switch (route.kind) {
        case "ping":
          exchange.response.writeHead(200, { "content-type": "application/json" }).end("{}");
          return undefined;
        case "blob":
          return await blob(exchange, route, parts.blobs);
        case "uploads":
          return await uploads.start(exchange, route.repository, query);
        case "upload":
          return await uploads.goOn(exchange, route, query);
        case "manifest":
          return await manifests.manifest(exchange, route);
        case "tags":
          return await manifests.tags(exchange, route.repository, query);
        case "invalid":
          return refuse(route.code, "the path names something that cannot be");
        case "unknown":
          return refuse("NAME_UNKNOWN", "the registry has nothing at this path");
        default:
          return assertNever(route);
      }
    },
  };
}

async function blob(
  { request, response }: Exchange,
  { repository, digest }: Extract<Route, { kind: "blob" }>,
  blobs: BlobStore,
): Promise<RegistryError | undefined> {
  if (request.method !== "GET" && request.method !== "HEAD") return refuse("UNSUPPORTED", "blobs are not deleted");
  const size = await blobs.size(repository, digest);
  if (size === undefined) return refuse("BLOB_UNKNOWN", `${repository} has no blob ${digest}`);
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": size,
    "docker-content-digest": digest,
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(blobs.path(digest)), response);
  return undefined;
}
