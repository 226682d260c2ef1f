import { createServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { SMTPServer } from "smtp-server";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What an HTTP receiver does with a request, by its number from 1. `cut` takes the message and answers nothing. */
export type Manners = (nth: number) => "take" | "cut" | "hang" | { readonly status: number; readonly headers?: object };

export interface HttpReceiver extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly place: string;
  readonly received: readonly Received[];
}

/** A real HTTP server that takes messages, well or badly. */
export async function startHttpReceiver(manners: Manners = () => "take"): Promise<HttpReceiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    received.push({ path: request.url ?? "", headers: request.headers, body });
    const manner = manners(received.length);
    if (manner === "hang") return;
    if (manner === "cut") return void request.socket.destroy();
    if (manner === "take") return void response.end("ok");
    response.writeHead(manner.status, { ...manner.headers }).end("no");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    place: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface MailReceiver extends AsyncDisposable {
  readonly place: string;
  readonly received: readonly ReceivedMail[];
}

export interface MailManners {
  readonly tls?: "from-the-start" | "offered" | "none";
  readonly key?: string;
  readonly cert?: string;
  readonly password?: string;
  /** Answers the message with this code, by its number from 1. */
  readonly refuse?: (nth: number) => number | undefined;
}

/** A real SMTP server. */
export async function startMailReceiver(manners: MailManners = {}): Promise<MailReceiver> {
  const received: ReceivedMail[] = [];
  const { tls = "none", key, cert, password } = manners;
  let asked = 0;
  const server = new SMTPServer({
    secure: tls === "from-the-start",
    ...(key === undefined || cert === undefined ? {} : { key, cert }),
    disabledCommands: [...(tls === "none" ? ["STARTTLS"] : []), ...(password === undefined ? ["AUTH"] : [])],
    authOptional: password === undefined,
    allowInsecureAuth: true,
    onAuth(auth, _session, callback) {
      if (auth.password === password) callback(undefined, { user: auth.username ?? "" });
      else callback(Object.assign(new Error("no"), { responseCode: 535 }));
    },
    async onData(stream, session, callback) {
      const pieces: Buffer[] = [];
      for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
      const code = manners.refuse?.(++asked);
      if (code !== undefined) return callback(Object.assign(new Error("not now"), { responseCode: code }));
      const { mailFrom, rcptTo } = session.envelope;
      received.push({
        from: mailFrom === false ? "" : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        isEncrypted: session.secure,
        user: session.user === undefined ? undefined : String(session.user),
        ...mailOf(Buffer.concat(pieces).toString("utf8")),
      });
      callback();
    },
  });
  server.on("error", () => {}); // a client that goes away is the test's own doing
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    place: `127.0.0.1:${port}`,
    received,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** A port that accepts connections and never says a word. */
export async function startSilence(): Promise<AsyncDisposable & { readonly place: string }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    place: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Headers and text of a mail with one part: unfolded, and decoded from quoted-printable. */
function mailOf(source: string): Pick<ReceivedMail, "headers" | "text"> {
  const [head = "", ...rest] = source.split("\r\n\r\n");
  const headers = Object.fromEntries(
    head
      .replace(/\r\n[ \t]+/g, " ")
      .split("\r\n")
      .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const body = rest.join("\r\n\r\n");
  const text = headers["content-transfer-encoding"] === "quoted-printable" ? fromQuotedPrintable(body) : body;
  return { headers, text: text.replaceAll("\r\n", "\n") };
}

function fromQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
