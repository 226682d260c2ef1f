/** The client for requests to receivers outside. It follows nothing, trusts no name, and reads no answer but its status. */
import { type ClientRequest, type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import type { Delivery, Receivers } from "../../ports/receivers.ts";
import { reachHost } from "../system/allowed-addresses.ts";

const CONNECT_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 30_000;
const MAX_WAIT_MS = 3_600_000;
/** Answers that say "later": the others of their hundred say "never". */
const LATER = new Set([408, 425, 429]);

export interface PostOptions {
  /** `host:port` that may be inside, and may be spoken to without TLS. */
  readonly listed: readonly string[];
  /** Authorities besides the usual ones, as PEM. */
  readonly ca?: string;
  /** Shorter in tests. */
  readonly withinMs?: number;
}

/** Posts JSON to an `https:` URL. The connection goes to the addresses that were checked, and to no others. */
export function createJsonPost(options: PostOptions): Receivers["post"] {
  return async ({ url: address, id, json, signal }) => {
    const url = parsed(address.reveal());
    if (url === undefined) return refused("the address is no https URL");
    const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
    const end = AbortSignal.any([signal, AbortSignal.timeout(options.withinMs ?? ANSWER_WITHIN_MS)]);
    const reached = await reachHost({ host: url.hostname, port, listed: options.listed, signal: end });
    if (reached.kind === "refused") return reached;
    if (reached.kind === "unknown") return { kind: "unavailable", reason: reached.reason };
    if (url.protocol !== "https:" && !reached.isListed) return refused(`${url.hostname} is to be spoken to by https`);
    const text = JSON.stringify(json);
    return send({ url, port, id, text, addresses: reached.addresses, end, ca: options.ca });
  };
}

interface Sending {
  readonly url: URL;
  readonly port: number;
  readonly id: string;
  readonly text: string;
  readonly addresses: readonly string[];
  readonly end: AbortSignal;
  readonly ca: string | undefined;
}

function send({ url, port, id, text, addresses, end, ca }: Sending): Promise<Delivery> {
  const isSecure = url.protocol === "https:";
  return new Promise((resolve) => {
    const request = (isSecure ? requestHttps : requestHttp)({
      method: "POST",
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      path: url.pathname + url.search,
      // A URL with `user:password@` is one way to be let in.
      ...(url.username === ""
        ? {}
        : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
      headers: {
        "content-type": "application/json; charset=utf-8",
        "content-length": Buffer.byteLength(text),
        "idempotency-key": id,
        "user-agent": "mobius-release",
      },
      agent: false,
      lookup: lookupOf(addresses),
      ...(ca === undefined ? {} : { ca }),
    });
    const abort = () => request.destroy(new Error("no answer in time"));
    const settle = (delivery: Delivery) => {
      end.removeEventListener("abort", abort);
      request.destroy();
      resolve(delivery);
    };
    if (end.aborted) abort();
    end.addEventListener("abort", abort);
    connectInTime(request, isSecure ? "secureConnect" : "connect", addresses);
    request.on("response", (response) => settle(meaningOf(url.hostname, response.statusCode ?? 0, response.headers)));
    request.on("error", (error) => settle({ kind: "unavailable", reason: `${url.hostname}: ${error.message}` }));
    request.end(text);
  });
}

function connectInTime(request: ClientRequest, event: "connect" | "secureConnect", addresses: readonly string[]): void {
  const late = AbortSignal.timeout(CONNECT_WITHIN_MS);
  const stop = () => request.destroy(new Error("no connection in time"));
  late.addEventListener("abort", stop);
  request.on("close", () => late.removeEventListener("abort", stop));
  request.on("socket", (socket) => {
    socket.once(event, () => late.removeEventListener("abort", stop));
    socket.once("connect", () => {
      const peer = socket.remoteAddress ?? "";
      if (!addresses.includes(peer)) request.destroy(new Error("connected to another address than the one looked up"));
    });
  });
}

function meaningOf(host: string, status: number, headers: IncomingHttpHeaders): Delivery {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  if (status >= 300 && status < 400) return refused(`${host} answered ${status}: no redirect is followed`);
  if (status < 500 && !LATER.has(status)) return refused(`${host} answered ${status}`);
  const seconds = Number(headers["retry-after"]);
  const afterMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, MAX_WAIT_MS) : undefined;
  return {
    kind: "unavailable",
    reason: `${host} answered ${status}`,
    ...(afterMs === undefined ? {} : { afterMs }),
  };
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (_host, options, callback) => {
    if (options.all === true) callback(null, all);
    else callback(null, all[0]?.address ?? "", all[0]?.family);
  };
}

function parsed(text: string): URL | undefined {
  const url = URL.parse(text.trim());
  return url?.protocol === "https:" || url?.protocol === "http:" ? url : undefined;
}

function refused(reason: string): Delivery {
  return { kind: "refused", reason };
}
