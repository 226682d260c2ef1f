import type { FastifyRequest } from "fastify";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Caller, Identities } from "../ports/identities.ts";

const LINK_MS = 10 * 60 * 1_000;
const SESSION_MS = 12 * 60 * 60 * 1_000;
const COOKIE = "mobius_session";
/** More sessions than people have browsers; the oldest goes first. */
const MAX_SESSIONS = 100;

/** Who calls: by bearer token, or by the session that a one-time link opened. */
export class Authenticator {
  readonly #identities: Identities;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #links = new Map<string, number>();
  readonly #sessions = new Map<string, number>();
  readonly #person: string;

  constructor(parts: { identities: Identities; clock: Clock; ids: Ids; person: string }) {
    this.#identities = parts.identities;
    this.#clock = parts.clock;
    this.#ids = parts.ids;
    this.#person = parts.person;
  }

  async callerOf(request: FastifyRequest): Promise<Caller | undefined> {
    const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (bearer !== undefined) return this.#identities.verify(bearer);
    const session = cookies(request.headers.cookie)[COOKIE];
    const until = session === undefined ? undefined : this.#sessions.get(session);
    const isOpen = until !== undefined && until > this.#clock.now();
    // A cookie comes with every request that any page makes; only our own pages may change something with it.
    if (!isOpen || (request.method !== "GET" && request.headers["sec-fetch-site"] !== "same-origin")) return undefined;
    return { kind: "person", name: this.#person };
  }

  /** A word that opens one session, for ten minutes. */
  makeLink(): string {
    const word = this.#ids.randomHex(24);
    this.#links.set(word, this.#clock.now() + LINK_MS);
    return word;
  }

  /** Takes the word of a link; the cookie that opens the board, or undefined when the word is spent or old. */
  openSession(word: string): string | undefined {
    const until = this.#links.get(word);
    this.#links.delete(word);
    if (until === undefined || until < this.#clock.now()) return undefined;
    const session = this.#ids.randomHex(24);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    this.#sessions.set(session, this.#clock.now() + SESSION_MS);
    return `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1_000}`;
  }
}

function cookies(header: string | undefined): Readonly<Record<string, string>> {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim().split("="));
  return Object.fromEntries(pairs.map(([name = "", value = ""]) => [name, value]));
}
