import {
  Agent,
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../ports/clock.ts";
import type { Metrics } from "./metrics.ts";

/** A revision chosen for one request, its instance being there or about to be. */
export interface Chosen {
  /** Port of the instance as it is now; the error says why there is none. */
  readonly port: () => Promise<number>;
  readonly revision: string;
  /** To be called once, when the request is over. */
  readonly leave: () => void;
}

export interface RouterOptions {
  /** Chooses a revision and counts the request as in flight, in one synchronous step; undefined: nothing serves. */
  readonly choose: () => Chosen | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Reuses connections to instances. */
  readonly agent: Agent;
}

const NOTHING_SERVES = "No revision of this service serves traffic yet.\n";
const TEXT = { "content-type": "text/plain; charset=utf-8" } as const;
const METHODS_WITHOUT_BODY: readonly string[] = ["GET", "HEAD", "OPTIONS"];
/** An instance that ended is started again meanwhile; 2 s in all. */
const MAX_ATTEMPTS = 40;
const RETRY_MS = 50;
const IDLE_MS = 1_500;

/**
 * Connections to instances, used again while they are fresh. Servers close idle ones after a time of their own, some after
 * 2 s and without a hint; a request with a body that comes in that moment would be lost, as it cannot be sent again.
 */
export function createInstanceAgent(): Agent {
  return new Agent({ keepAlive: true, timeout: IDLE_MS });
}

/** The server of one address: passes each request on to the revision that is chosen for it. Not listening yet. */
export function createRouter(options: RouterOptions): Server {
  const server = createServer((request, response) => void pass(request, response, options));
  server.on("upgrade", (request, socket, head) => void upgrade({ request, socket, head }, options));
  server.on("clientError", (_, socket) => socket.destroy());
  // A request may last as long as its service lets it; the instance decides.
  server.requestTimeout = 0;
  return server;
}

async function pass(request: IncomingMessage, response: ServerResponse, options: RouterOptions): Promise<void> {
  const chosen = options.choose();
  if (chosen === undefined) {
    request.resume();
    response.writeHead(503, TEXT).end(NOTHING_SERVES);
    return;
  }
  const startedMs = options.clock.monotonicMs();
  response.on("close", () => {
    chosen.leave();
    const durationMs = options.clock.monotonicMs() - startedMs;
    options.metrics.count({ revision: chosen.revision, status: response.statusCode, durationMs });
  });
  await deliver(request, response, { chosen, options, attempt: 1 });
}

interface Delivery {
  readonly chosen: Chosen;
  readonly options: RouterOptions;
  readonly attempt: number;
}

async function deliver(request: IncomingMessage, response: ServerResponse, delivery: Delivery): Promise<void> {
  const { chosen, options, attempt } = delivery;
  try {
    const port = await chosen.port();
    if (response.destroyed) return;
    const error = await forward(request, response, { port, agent: options.agent });
    if (error === undefined) return;
    // A second reset is no idle connection: the request itself may be what ends the instance.
    const isHopeless = attempt === MAX_ATTEMPTS || (attempt > 1 && codeOf(error) === "ECONNRESET");
    if (isHopeless) return badGateway(response, error);
    await options.clock.sleep(RETRY_MS);
    await deliver(request, response, { ...delivery, attempt: attempt + 1 });
  } catch (error) {
    if (!response.destroyed) response.writeHead(503, TEXT).end(`${messageOf(error)}\n`);
  }
}

/** Resolves with an error where the instance took nothing of the request, so that it may be sent again. */
function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { port, agent }: { readonly port: number; readonly agent: Agent },
): Promise<Error | undefined> {
  const { method = "GET", url: path = "/", headers } = request;
  const host = "127.0.0.1";
  const onward = httpRequest({ host, port, method, path, headers: forwardedHeaders(request, headers), agent });
  const abort = () => onward.destroy();
  response.on("close", abort);
  return new Promise((resolve) => {
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, withoutHopHeaders(answer.headers));
      answer.on("error", () => response.destroy());
      answer.pipe(response);
      resolve(undefined);
    });
    onward.on("error", (error) => {
      response.off("close", abort);
      if (METHODS_WITHOUT_BODY.includes(method) && isUntaken(onward, error) && !response.headersSent) {
        return resolve(error);
      }
      if (response.headersSent) response.destroy();
      else if (!response.destroyed) badGateway(response, error);
      resolve(undefined);
    });
    request.pipe(onward);
  });
}

/** The instance just ended, or it closed an idle connection in the moment in which that was used again. */
function isUntaken(onward: ClientRequest, error: Error): boolean {
  return codeOf(error) === "ECONNREFUSED" || (onward.reusedSocket && codeOf(error) === "ECONNRESET");
}

function codeOf(error: Error): unknown {
  return "code" in error ? error.code : undefined;
}

function badGateway(response: ServerResponse, error: Error): void {
  const message = `The instance gave no answer: ${error.message}`;
  const body = JSON.stringify({ error: { code: 502, message, status: "UNAVAILABLE" } });
  response.writeHead(502, { "content-type": "application/json" }).end(body);
}

function forwardedHeaders(request: IncomingMessage, headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  const client = request.socket.remoteAddress ?? "127.0.0.1";
  const before = headers["x-forwarded-for"];
  return {
    ...withoutHopHeaders(headers),
    "x-forwarded-for": before === undefined ? client : `${String(before)}, ${client}`,
    "x-forwarded-proto": "http",
  };
}

/** These belong to one connection, not to the request. */
function withoutHopHeaders(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  const { connection: _, "keep-alive": __, "proxy-connection": ___, ...rest } = headers;
  return rest;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Hands a connection that stops being HTTP to the instance, byte by byte, the request's head first. */
async function upgrade({ request, socket, head }: Upgrade, { choose, metrics, clock }: RouterOptions): Promise<void> {
  socket.on("error", () => socket.destroy());
  const chosen = choose();
  if (chosen === undefined) return refuse(socket, NOTHING_SERVES);
  const startedMs = clock.monotonicMs();
  socket.on("close", () => {
    chosen.leave();
    metrics.count({ revision: chosen.revision, status: 101, durationMs: clock.monotonicMs() - startedMs });
  });
  try {
    const onward = connect({ host: "127.0.0.1", port: await chosen.port() });
    onward.write(headText(request));
    onward.write(head);
    join(socket, onward);
  } catch (error) {
    refuse(socket, `${messageOf(error)}\n`);
  }
}

function join(socket: Duplex, onward: Socket): void {
  onward.on("error", () => socket.destroy());
  onward.on("close", () => socket.destroy());
  socket.on("close", () => onward.destroy());
  socket.pipe(onward).pipe(socket);
}

function headText({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
  return [`${method} ${url} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

function refuse(socket: Duplex, body: string): void {
  const length = Buffer.byteLength(body);
  socket.end(`HTTP/1.1 503 Service Unavailable\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`);
}

/** The first line: what follows may be log lines of the instance, which are not for whoever asks. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
