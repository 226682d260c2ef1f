/**
 * The embedded cloud's image registry: the OCI distribution API (v1.1) on a port of its own, over content-addressed
 * files. Repositories carry the full names of the images, such as `gcr.io/mobius-staging/mobius-rag`. Begin with
 * `createRegistryServer`; `route.ts` reads paths, `handlers.ts` answers, the two stores keep files.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { assert } from "../../core/values/assert.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import { createBlobStore } from "./blob-store.ts";
import type { Exchange } from "./exchange.ts";
import { createHandlers, type Handlers } from "./handlers.ts";
import { type RegistryError, refuse } from "./registry-error.ts";
import { parseRoute, type Route } from "./route.ts";
import { createTagStore } from "./tag-store.ts";

/** What a caller wants to do with a repository: read, send a piece, or put a manifest, which makes an image of pieces. */
export type RegistryAction = "pull" | "upload" | "push";

export interface RegistryOptions {
  /** The registry's own folder; made when missing. */
  readonly directory: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Whether the bearer of the token may do it; without this everybody may. The token is empty where none was sent. */
  readonly authorize?: (token: string, action: RegistryAction, repository: string) => Promise<boolean>;
  /** The largest blob; 2 GiB unless given. */
  readonly maxBlobBytes?: number;
  /** Told of a request that broke: a disk that is full, a client that went away. */
  readonly onFault?: (error: unknown) => void;
}

export interface RegistryServer {
  /** Listens on 127.0.0.1; without a port, or with 0, on a free one. */
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  /** Ends connections that are open and stops listening. */
  close(): Promise<void>;
}

const MAX_BLOB_BYTES = 2 * 1024 * 1024 * 1024;
/** The longest that one request may take, body included: 2 GiB over a slow disk. */
const REQUEST_TIMEOUT_MS = 30 * 60 * 1_000;

/** A registry that is not listening yet. */
export function createRegistryServer(options: RegistryOptions): RegistryServer {
  const { directory, clock, ids, maxBlobBytes = MAX_BLOB_BYTES } = options;
  const blobs = createBlobStore({ directory, ids });
  const handlers = createHandlers({ blobs, tags: createTagStore({ directory, ids }), clock, ids, maxBlobBytes });
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer({ request, response }, handlers, options);
  });

  return {
    async listen(port = 0) {
      await blobs.open();
      const actual = await listening(server, port);
      return { url: `http://127.0.0.1:${actual}`, port: actual };
    },
    close: async () =>
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listening(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  assert(typeof address === "object" && address !== null, "a TCP server has a port");
  return address.port;
}

async function answer(exchange: Exchange, handlers: Handlers, options: RegistryOptions): Promise<void> {
  const { request, response } = exchange;
  response.setHeader("docker-distribution-api-version", "registry/2.0");
  try {
    const refusal = await handle(exchange, handlers, options);
    if (refusal !== undefined) sendRefusal(exchange, refusal);
  } catch (error) {
    options.onFault?.(error);
    // What the client was told so far cannot be taken back: cut it off.
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, { errors: [{ code: "UNKNOWN", message: "the registry could not read or write" }] });
  }
  // What is left of a refused body is read and thrown away, so that the client gets to read the refusal.
  if (!request.complete) request.resume();
}

async function handle(
  exchange: Exchange,
  handlers: Handlers,
  options: RegistryOptions,
): Promise<RegistryError | undefined> {
  const url = new URL(exchange.request.url ?? "/", "http://registry");
  const route = parseRoute(url.pathname);
  const denial = await denied(exchange.request, route, options);
  if (denial !== undefined) return denial;
  return await handlers.handle(exchange, route, url.searchParams);
}

async function denied(
  request: IncomingMessage,
  route: Route,
  { authorize }: RegistryOptions,
): Promise<RegistryError | undefined> {
  if (authorize === undefined) return undefined;
  const token = tokenOf(request.headers.authorization ?? "");
  const challenge = refuse("UNAUTHORIZED", "a token is needed");
  // Clients ask first whether anybody may come in without a token.
  if (!("repository" in route)) return token !== "" || (await authorize("", "pull", "")) ? undefined : challenge;
  const isRead = request.method === "GET" || request.method === "HEAD";
  const action = isRead ? "pull" : route.kind === "manifest" ? "push" : "upload";
  if (await authorize(token, action, route.repository)) return undefined;
  const right = `artifactregistry.repositories.${isRead ? "downloadArtifacts" : "uploadArtifacts"}`;
  return token === ""
    ? challenge
    : refuse("DENIED", `Permission "${right}" denied on resource "${route.repository}" (or it may not exist)`);
}

/** Docker clients log in with a name and a password: then the password is the token. */
function tokenOf(authorization: string): string {
  const [scheme = "", credentials = ""] = authorization.split(" ");
  if (scheme.toLowerCase() === "bearer") return credentials;
  if (scheme.toLowerCase() !== "basic") return "";
  const [, ...password] = Buffer.from(credentials, "base64").toString("utf8").split(":");
  return password.join(":");
}

function sendRefusal({ response }: Exchange, { status, code, message }: RegistryError): void {
  if (status === 401) response.setHeader("www-authenticate", 'Basic realm="mobius registry"');
  sendJson(response, status, { errors: [{ code, message }] });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
