/** An HTTP proxy on real sockets that lets chosen calls fare ill: it alone can lose an answer after the work was done. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/** What becomes of a call. */
export type Fate =
  /** The connection is reset before the call was passed on, after it was answered, or in the middle of the answer. */
  | { readonly kind: "cut"; readonly when: "before" | "after" | "within" }
  | { readonly kind: "delay"; readonly ms: number }
  /** An answer of the proxy's own; the call is not passed on. `retryAfterS` 0: without that header. */
  | { readonly kind: "answer"; readonly status: number; readonly retryAfterS: number };

export interface FaultProxy {
  readonly url: string;
  /** Counts calls from 1 again, and lets these fare so. */
  arm(fates: Readonly<Record<number, Fate>>): void;
  /** Lets all calls fare well again. */
  disarm(): void;
  /** Calls that fared ill since it was armed with any. */
  readonly struck: number;
  close(): Promise<void>;
}

/** Google's codes for what the proxy answers. */
const CODES: Readonly<Record<number, string>> = {
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
};

/** Listens on a free port and passes on to the port of `127.0.0.1` that is given. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  let fates: Readonly<Record<number, Fate>> = {};
  let calls = 0;
  let struck = 0;
  const server = createServer((incoming, outgoing) => {
    calls += 1;
    if (fates[calls] !== undefined) struck += 1;
    void serve({ incoming, outgoing, targetPort, fate: fates[calls] }).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    arm(next) {
      calls = 0;
      struck = 0;
      fates = next;
    },
    disarm() {
      fates = {};
    },
    get struck() {
      return struck;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

interface Call {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly targetPort: number;
  readonly fate: Fate | undefined;
}

async function serve({ incoming, outgoing, targetPort, fate }: Call): Promise<void> {
  const body = await readAll(incoming);
  if (fate?.kind === "cut" && fate.when === "before") return void incoming.socket.resetAndDestroy();
  if (fate?.kind === "delay") await new Promise((next) => setTimeout(next, fate.ms));
  if (fate?.kind === "answer") {
    const { status, retryAfterS } = fate;
    const headers = {
      "content-type": "application/json",
      ...(retryAfterS > 0 ? { "retry-after": String(retryAfterS) } : {}),
    };
    const error = { code: status, status: CODES[status], message: "an answer of the fault proxy" };
    outgoing.writeHead(status, headers).end(JSON.stringify({ error }));
    return;
  }
  const answer = await passOn(incoming, body, targetPort);
  const answered = await readAll(answer);
  if (fate?.kind === "cut" && fate.when === "after") return void incoming.socket.resetAndDestroy();
  const { "transfer-encoding": _, ...headers } = answer.headers;
  outgoing.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": answered.length });
  if (fate?.kind !== "cut") return void outgoing.end(answered);
  outgoing.write(answered.subarray(0, Math.floor(answered.length / 2)), () => incoming.socket.destroy());
}

function passOn({ method, url, headers }: IncomingMessage, body: Buffer, port: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, method, path: url, headers }, resolve).on("error", reject).end(body);
  });
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
