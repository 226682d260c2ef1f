import { createHash, timingSafeEqual } from "node:crypto";
import { crc32c } from "../../core/values/crc32c.ts";
import { type Instant, instant } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { KnownPerson, People } from "../../ports/people.ts";

const COLLECTION = "people";
/** More people than release one platform. */
const MAX_PEOPLE = 1_000;
/** A token that nobody renews is worth nothing after a quarter. */
const TOKEN_DAYS = 90;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** By this form scanners of leaked secrets know our tokens: 256 random bits and a checksum. */
const TOKEN = /^mob_([0-9a-f]{64})_([0-9a-f]{8})$/;
const TRIES = 5;

interface StoredPerson extends KnownPerson {
  readonly tokenDigest: string;
}

/** People, and the one whom a token stands for. */
export interface KnownPeople extends People {
  /** Name of the person; undefined for a token that is unknown, expired or malformed. */
  personOf(token: string): Promise<string | undefined>;
}

export interface PeopleOptions {
  readonly documents: Documents;
  /** Whose token file it is: asks for releases and admits people, and approves nothing. */
  readonly owner: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** People as documents of the store. A token is never kept, only its SHA-256: it has too many bits to be guessed. */
export function createPeople({ documents, owner, clock, ids }: PeopleOptions): KnownPeople {
  const all = async () => {
    const kept = await documents.list<StoredPerson>({ collection: COLLECTION, prefix: "", limit: MAX_PEOPLE });
    return kept.map(({ value }) => value);
  };
  return {
    async rolesOf(name) {
      if (name === owner) return ["admin", "releaser"];
      return (await documents.get<StoredPerson>(COLLECTION, name))?.value.roles ?? [];
    },
    async admit({ name, roles }) {
      const token = newToken(ids);
      const expiresAt = instant(clock.now() + TOKEN_DAYS * DAY_MS);
      const person: KnownPerson = { name, roles, tokenEnd: token.slice(-4), expiresAt };
      await replace(documents, { ...person, tokenDigest: digestOf(token).toString("hex") });
      return { ...person, token };
    },
    async dismiss(name) {
      const there = (await documents.get(COLLECTION, name)) !== undefined;
      await documents.remove(COLLECTION, name);
      return there;
    },
    async list() {
      return (await all()).map(({ tokenDigest: _, ...person }) => person);
    },
    async personOf(token) {
      if (!isWellFormed(token)) return undefined;
      const digest = digestOf(token);
      const found = (await all()).find((person) => timingSafeEqual(Buffer.from(person.tokenDigest, "hex"), digest));
      return found !== undefined && isValid(found.expiresAt, clock) ? found.name : undefined;
    },
  };
}

async function replace(documents: Documents, person: StoredPerson): Promise<void> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const kept = await documents.get<StoredPerson>(COLLECTION, person.name);
    if ((await documents.put(COLLECTION, person.name, person, kept?.version ?? 0)).ok) return;
  }
  throw new Error(`${person.name} is changed by others all the time`);
}

function newToken(ids: Ids): string {
  const bits = ids.randomHex(32);
  return `mob_${bits}_${checksum(bits)}`;
}

function isWellFormed(token: string): boolean {
  const [, bits = "", sum] = TOKEN.exec(token) ?? [];
  return sum === checksum(bits);
}

function checksum(bits: string): string {
  return crc32c(new TextEncoder().encode(bits)).toString(16).padStart(8, "0");
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function isValid(expiresAt: Instant, clock: Clock): boolean {
  return clock.now() < expiresAt;
}
