import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { CallAnswer, RecordedCall } from "../../core/adoption/recorded-script.ts";

const MAX_CALLS = 2_000;
const MAX_HOSTS = 100;
const MAX_BODY_BYTES = 1024 * 1024;

export interface RecordingEndpoint extends AsyncDisposable {
  /** Without a final slash; also the proxy that refuses everything else. */
  readonly url: string;
  readonly port: number;
  readonly calls: readonly RecordedCall[];
  /** Hosts that were asked for through the proxy. */
  readonly hosts: readonly string[];
}

/**
 * A server on this machine that writes down which programs a script calls and answers in their place. As a proxy it lets
 * nothing out: what goes past the programs is refused, and its host is written down.
 */
export async function openRecordingEndpoint(answer: (call: RecordedCall) => CallAnswer): Promise<RecordingEndpoint> {
  const calls: RecordedCall[] = [];
  const hosts = new Set<string>();
  const record = (host: string) => void (hosts.size < MAX_HOSTS && hosts.add(host));
  const server = createServer((request, response) => {
    if (request.url === "/calls" && request.method === "POST") return void takeCall(request, response, calls, answer);
    record(hostOf(request.url ?? "") ?? request.headers.host ?? "unknown");
    response.writeHead(403, { "content-type": "application/json" });
    response.end('{"error":{"code":403,"status":"PERMISSION_DENIED","message":"a recorded run reaches nothing"}}');
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    record(request.url ?? "unknown");
    socket.on("error", () => {}); // whoever asked is gone already
    socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    get hosts() {
      return [...hosts];
    },
    [Symbol.asyncDispose]: () => closed(server),
  };
}

async function takeCall(
  request: IncomingMessage,
  response: ServerResponse,
  calls: RecordedCall[],
  answer: (call: RecordedCall) => CallAnswer,
): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return void response.writeHead(413).end();
    chunks.push(chunk);
  }
  const call = JSON.parse(Buffer.concat(chunks).toString("utf8")) as RecordedCall;
  if (calls.length < MAX_CALLS) calls.push(call);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(answer(call)));
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}
