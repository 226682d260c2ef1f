/**
 * A Docker Engine on this machine, by its HTTP API over the socket. `docker-engine.ts` is one call to one request;
 * `docker-images.ts` fetches and pushes, `docker-executor.ts` runs steps. Begin with `findDockerEngine`.
 */
import { type IncomingMessage, request } from "node:http";
import { z } from "zod";

/** Calls of the API; paths without the version. */
export interface DockerEngine {
  readonly socketPath: string;
  /** The answer's JSON; undefined for a 404 and for an empty answer. Throws what the engine says otherwise. */
  json(method: "GET" | "POST" | "DELETE", path: string, options?: CallOptions): Promise<unknown>;
  /** An answer that comes over time; it has no deadline but the signal. */
  stream(method: "GET" | "POST", path: string, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
}

export interface CallOptions {
  readonly body?: object | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What the engine says of a call that it does not carry out. */
export class DockerError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const CALL_MS = 60_000;
const PROBE_MS = 5_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** The newest version of the API that this was written against; an older engine is spoken to in its own. */
const NEWEST_API = "1.43";

const version = z.object({ ApiVersion: z.string().regex(/^\d+\.\d+$/) });
const refusal = z.object({ message: z.string() });

/** The engine at the socket; undefined where none answers. */
export async function findDockerEngine(socketPath: string): Promise<DockerEngine | undefined> {
  try {
    const signal = AbortSignal.timeout(PROBE_MS);
    const answer = await send({ socketPath, method: "GET", path: "/version", signal });
    const { ApiVersion } = version.parse(JSON.parse((await collect(answer)).toString()));
    return createDockerEngine(socketPath, minor(ApiVersion) < minor(NEWEST_API) ? ApiVersion : NEWEST_API);
  } catch {
    return undefined;
  }
}

function createDockerEngine(socketPath: string, api: string): DockerEngine {
  return {
    socketPath,
    async json(method, path, options = {}) {
      const signal = options.signal ?? AbortSignal.timeout(CALL_MS);
      const answer = await send({ ...options, socketPath, method, path: `/v${api}${path}`, signal });
      const text = (await collect(answer)).toString();
      if (answer.statusCode === 404) return undefined;
      refuse(answer, text);
      return text.trim() === "" ? undefined : (JSON.parse(text) as unknown);
    },
    async stream(method, path, options = {}) {
      const answer = await send({ ...options, socketPath, method, path: `/v${api}${path}` });
      if ((answer.statusCode ?? 500) >= 400) refuse(answer, (await collect(answer)).toString());
      return answer;
    },
  };
}

function refuse(answer: IncomingMessage, text: string): void {
  const status = answer.statusCode ?? 500;
  if (status < 400) return;
  const told = refusal.safeParse(jsonOr(text));
  throw new DockerError(status, told.success ? told.data.message : text.slice(0, 500));
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

interface Sending extends CallOptions {
  readonly socketPath: string;
  readonly method: string;
  readonly path: string;
}

function send({ socketPath, method, path, body, headers = {}, signal }: Sending): Promise<IncomingMessage> {
  const isRaw = body instanceof Uint8Array;
  const content = body === undefined || isRaw ? body : Buffer.from(JSON.stringify(body));
  const type = isRaw ? "application/x-tar" : "application/json";
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath,
      method,
      path,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        host: "docker",
        ...(content === undefined ? {} : { "content-type": type, "content-length": String(content.length) }),
        ...headers,
      },
    });
    call.on("response", resolve);
    call.on("error", reject);
    call.end(content);
  });
}

async function collect(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("the Docker Engine's answer is too long");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function minor(version: string): number {
  return Number(version.split(".")[1]);
}

/** Messages that come as JSON, one a line, as those of pulling and pushing do. */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as unknown;
  }
  if (rest.trim() !== "") yield JSON.parse(rest) as unknown;
}
