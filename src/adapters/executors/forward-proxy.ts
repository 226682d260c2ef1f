import { lookup } from "node:dns/promises";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { BlockList, connect, isIP } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import type { BuildNetwork } from "../../ports/build-network.ts";

/** How long a place outside may take until it is reached. */
const CONNECT_MS = 20_000;

/** This machine, and what machines of a cloud are told by their host: no name may lead there, whoever allowed it. */
const CLOSED = new BlockList();
CLOSED.addSubnet("0.0.0.0", 8);
CLOSED.addSubnet("127.0.0.0", 8);
CLOSED.addSubnet("169.254.0.0", 16);
CLOSED.addAddress("::", "ipv6");
CLOSED.addAddress("::1", "ipv6");
CLOSED.addSubnet("fe80::", 10, "ipv6");
CLOSED.addAddress("fd00:ec2::254", "ipv6");

interface Place {
  readonly host: string;
  readonly port: number;
}

type Reached =
  | { readonly kind: "open"; readonly address: string }
  | { readonly kind: "closed"; readonly reason: string };

/**
 * A proxy of a build: `CONNECT`, and whole addresses of `http:`. It goes where the build's network allows, says so where
 * it does not, and never to this machine by a name. Connections are given to it; it listens nowhere.
 */
export function createForwardProxy(network: BuildNetwork): Server {
  const server = createServer((asked, answer) => void forward(network, asked, answer));
  server.on(
    "connect",
    (asked: IncomingMessage, client: Duplex, head: Buffer) => void tunnel(network, asked, client, head),
  );
  return server;
}

async function tunnel(network: BuildNetwork, asked: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
  client.on("error", () => {}); // a client that leaves has no more to hear
  const place = placeOf(`connect://${asked.url ?? ""}`, 0);
  const reached = await reach(network, place);
  if (reached.kind === "closed") {
    client.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${reached.reason}\n`);
    return;
  }
  const outside = connect({ host: reached.address, port: place.port, allowHalfOpen: true, timeout: CONNECT_MS });
  const fail = (reason: string) => {
    outside.destroy();
    client.end(`HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${reason}\n`);
  };
  const failed = (error: Error) => fail(error.message);
  const late = () => fail(`${place.host} does not answer`);
  outside.once("error", failed).once("timeout", late);
  outside.once("connect", () => {
    outside.off("error", failed).off("timeout", late); // an open connection may be silent as long as it likes
    client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    outside.write(head);
    const ended = (error: unknown) => {
      if (!(error instanceof Error)) return;
      client.destroy();
      outside.destroy();
    };
    pipeline(client, outside, ended);
    pipeline(outside, client, ended);
  });
}

async function forward(network: BuildNetwork, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const url = asked.url ?? "";
  const place = placeOf(url, 80);
  const reached = await reach(network, place);
  if (reached.kind === "closed") {
    answer.writeHead(403, { "content-type": "text/plain", connection: "close" }).end(`${reached.reason}\n`);
    return;
  }
  const { "proxy-connection": _, "proxy-authorization": __, ...headers } = asked.headers;
  const { pathname, search } = new URL(url);
  const outside = request({
    ...{ host: reached.address, port: place.port, method: asked.method, path: `${pathname}${search}`, headers },
    ...{ setHost: false, timeout: CONNECT_MS },
  });
  outside.once("response", (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    pipeline(response, answer, () => {});
  });
  outside.once("error", (error) => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502, { "content-type": "text/plain" }).end(`${error.message}\n`);
  });
  pipeline(asked, outside, () => {});
}

/** Where an address leads; port 0 where it is none. */
function placeOf(url: string, usualPort: number): Place {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const host = parsed?.hostname.replace(/^\[|\]$/g, "").toLowerCase() ?? "";
  return { host, port: parsed === undefined || parsed.port === "" ? usualPort : Number(parsed.port) };
}

/** The address is looked up once, so that what was checked is what is reached. */
async function reach(network: BuildNetwork, { host, port }: Place): Promise<Reached> {
  const isHere = host === "127.0.0.1" || host === "localhost";
  if (isHere && network.ports().includes(port)) return { kind: "open", address: "127.0.0.1" };
  const refused = {
    kind: "closed",
    reason: `mobius: steps of environment ${network.environment} may not reach ${host}:${port}. Name it in environments.${network.environment}.boundary of mobius.yaml.`,
  } as const;
  if (host === "" || !network.allows({ host, port })) return refused;
  try {
    const addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
    if (addresses.some(isClosed))
      return { ...refused, reason: `mobius: ${host} leads to an address that no step may reach.` };
    const [address = ""] = addresses;
    return { kind: "open", address };
  } catch (cause) {
    return { kind: "closed", reason: `mobius: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
}

function isClosed(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  return CLOSED.check(mapped, isIP(mapped) === 6 ? "ipv6" : "ipv4");
}
