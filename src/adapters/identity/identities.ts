/**
 * Who makes a call, and the installation's own secrets that say so. `loadInstallation` makes or reads the key and the
 * token file; `createIdentities` signs and checks tokens with them.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { assert } from "../../core/values/assert.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Caller, Identities } from "../../ports/identities.ts";

const ALGORITHM = "HS256";
const ISSUER = "mobius";
const AUDIENCE = "mobius-server";
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 24 * 60 * 60 * 1_000;
/** A token of ours has some 300 characters; what is far longer is not read at all. */
const MAX_TOKEN_LENGTH = 4_096;

const claims = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("identity"),
    email: z.string(),
    environment: z.string(),
    project: z.string(),
    services: z.array(z.string()).exactOptional(),
  }),
  z.object({
    kind: z.literal("step"),
    build: z.string(),
    environment: z.string(),
    project: z.string(),
    email: z.string(),
  }),
]);

export interface IdentitiesOptions {
  /** At least 32 bytes, known to this installation only. */
  readonly signingKey: Uint8Array;
  /** The content of the token file, asked for at each check, so that a changed file counts at once. */
  readonly personToken: () => Promise<string>;
  /** The name under which the person with the token file acts. */
  readonly personName: string;
  /** Name of another person, by a token of theirs. */
  readonly personOf?: (token: string) => Promise<string | undefined>;
  readonly clock: Clock;
}

/** Tokens for builds and identities are HS256 JWTs; a person's token is the random one of the token file. */
export function createIdentities(options: IdentitiesOptions): Identities {
  const { signingKey, personToken, personName, personOf, clock } = options;
  assert(signingKey.length >= 32, "the signing key has at least 32 bytes");

  return {
    async verify(token) {
      if (token === "" || token.length > MAX_TOKEN_LENGTH) return undefined;
      if (isSame(token, await personToken())) return { kind: "person", name: personName };
      const name = await personOf?.(token);
      if (name !== undefined) return { kind: "person", name };
      return await signedCaller(token, signingKey, new Date(clock.now()));
    },
    async issue(caller, ttlMs) {
      assert(ttlMs >= MIN_TTL_MS && ttlMs <= MAX_TTL_MS, `a token lives 1 s to 24 h, not ${ttlMs} ms`);
      const nowMs = clock.now();
      return await new SignJWT({ ...caller })
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(Math.floor(nowMs / 1_000))
        .setExpirationTime(Math.floor((nowMs + ttlMs) / 1_000))
        .sign(signingKey);
    },
  };
}

/** Compares digests, which have one length, so that the time taken says nothing of the token. An empty one is nobody's. */
function isSame(token: string, expected: string): boolean {
  if (expected === "") return false;
  const digestOf = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digestOf(token), digestOf(expected));
}

async function signedCaller(token: string, signingKey: Uint8Array, now: Date): Promise<Caller | undefined> {
  try {
    const { payload } = await jwtVerify(token, signingKey, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      currentDate: now,
      requiredClaims: ["exp", "iat"],
    });
    const parsed = claims.safeParse(payload);
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    // Whatever is wrong with a token, its bearer is nobody; anything else is a fault of ours.
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
