/** Mails by SMTP: plain, STARTTLS or TLS, with a password only where the line is encrypted or the server is listed. */
import type { Delivery, Receivers } from "../../ports/receivers.ts";
import { reachHost } from "../system/allowed-addresses.ts";

const CONNECT_WITHIN_MS = 10_000;
const SEND_WITHIN_MS = 30_000;

export interface MailOptions {
  /** `host:port` that may be inside, and may be given a password without TLS. */
  readonly listed: readonly string[];
  /** Authorities besides the usual ones, as PEM. */
  readonly ca?: string;
  /** Shorter in tests. */
  readonly withinMs?: number;
}

interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
}

/** The library is loaded with the first mail: most servers send none. */
export function createMailSender(options: MailOptions): Receivers["mail"] {
  return async ({ server: address, from, to, subject, text, id, signal }) => {
    const server = parsed(address.reveal());
    if (server === undefined) return { kind: "refused", reason: "the address is no smtp or smtps URL" };
    const { host, port, isSecure, auth } = server;
    const end = AbortSignal.any([signal, AbortSignal.timeout(options.withinMs ?? SEND_WITHIN_MS)]);
    const reached = await reachHost({ host, port, listed: options.listed, signal: end });
    if (reached.kind === "refused") return reached;
    if (reached.kind === "unknown") return { kind: "unavailable", reason: reached.reason };
    const { createTransport } = await import("nodemailer");
    const transport = createTransport({
      host: reached.addresses[0],
      port,
      secure: isSecure,
      requireTLS: !isSecure && auth !== undefined && !reached.isListed,
      ...(auth === undefined ? {} : { auth }),
      tls: { servername: host, ...(options.ca === undefined ? {} : { ca: options.ca }) },
      connectionTimeout: CONNECT_WITHIN_MS,
      greetingTimeout: CONNECT_WITHIN_MS,
      socketTimeout: options.withinMs ?? SEND_WITHIN_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const sent = transport.sendMail({ from, to: [...to], subject, text, messageId: `<${id}>` }).then(
      (): Delivery => ({ kind: "delivered" }),
      (error: unknown) => meaningOf(host, error),
    );
    try {
      return await Promise.race([sent, whenAborted(end, host)]);
    } finally {
      transport.close();
    }
  };
}

/** Permanent by SMTP's own rule: replies from 500 on. A wrong password is one of them. */
function meaningOf(host: string, error: unknown): Delivery {
  const { responseCode, code, message = "" } = error as { responseCode?: number; code?: string; message?: string };
  const isFinal = (responseCode ?? 0) >= 500;
  // The reply's own text may hold what the server was told; its number says enough.
  const said = responseCode === undefined ? (code ?? message) : `reply ${responseCode}`;
  return { kind: isFinal ? "refused" : "unavailable", reason: `${host}: ${said}` };
}

function parsed(text: string): MailServer | undefined {
  const url = URL.parse(text.trim());
  if (url === null || (url.protocol !== "smtp:" && url.protocol !== "smtps:") || url.hostname === "") return undefined;
  const isSecure = url.protocol === "smtps:";
  const user = decodeURIComponent(url.username);
  return {
    host: url.hostname,
    port: Number(url.port) || (isSecure ? 465 : 587),
    isSecure,
    ...(user === "" ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
  };
}

function whenAborted(signal: AbortSignal, host: string): Promise<Delivery> {
  return new Promise((resolve) => {
    const late: Delivery = { kind: "unavailable", reason: `${host}: no answer in time` };
    if (signal.aborted) resolve(late);
    signal.addEventListener("abort", () => resolve(late), { once: true });
  });
}
