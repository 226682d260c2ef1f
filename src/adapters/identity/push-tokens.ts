/** Tokens of messages about builds: our own, and Google's OIDC tokens where the operator named audience and account. */
import { errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { assert } from "../../core/values/assert.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PushSender, PushTokens } from "../../ports/push-tokens.ts";

const ALGORITHM = "HS256";
const ISSUER = "mobius";
/** Another than that of the server's other tokens: a message about a build opens nothing else. */
const AUDIENCE = "mobius-builds";
const GOOGLE = ["https://accounts.google.com", "accounts.google.com"];
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 30 * 24 * 60 * 60 * 1_000;
const MAX_TOKEN_LENGTH = 4_096;

const ours = z.object({ project: z.string() });
const google = z.object({ email: z.string(), email_verified: z.literal(true) });

/** Whose messages of Google's Pub/Sub are taken. */
export interface GooglePush {
  /** `pushConfig.oidcToken.audience`: without one any token of Google's would do, so there always is one. */
  readonly audience: string;
  /** `pushConfig.oidcToken.serviceAccountEmail`. */
  readonly email: string;
  /** Google's public keys. */
  readonly keys: JWTVerifyGetKey;
}

/** Signs and checks them. Without `google` only tokens of our own count. */
export function createPushTokens(options: {
  readonly signingKey: Uint8Array;
  readonly clock: Clock;
  readonly google?: GooglePush;
}): PushTokens {
  const { signingKey, clock } = options;
  return {
    async verify(token) {
      if (token === "" || token.length > MAX_TOKEN_LENGTH) return undefined;
      const currentDate = new Date(clock.now());
      return (
        (await ourSender(token, signingKey, currentDate)) ?? (await googleSender(token, options.google, currentDate))
      );
    },
    async issue(project, ttlMs) {
      assert(ttlMs >= MIN_TTL_MS && ttlMs <= MAX_TTL_MS, `a push token lives 1 s to 30 days, not ${ttlMs} ms`);
      const nowMs = clock.now();
      return await new SignJWT({ project })
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(Math.floor(nowMs / 1_000))
        .setExpirationTime(Math.floor((nowMs + ttlMs) / 1_000))
        .sign(signingKey);
    },
  };
}

async function ourSender(token: string, key: Uint8Array, currentDate: Date): Promise<PushSender | undefined> {
  const rules = { algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE };
  const payload = await verified(() => jwtVerify(token, key, { ...rules, currentDate, requiredClaims: ["exp"] }));
  const claims = ours.safeParse(payload);
  return claims.success ? { kind: "project", project: claims.data.project } : undefined;
}

async function googleSender(
  token: string,
  expected: GooglePush | undefined,
  currentDate: Date,
): Promise<PushSender | undefined> {
  if (expected === undefined) return undefined;
  const { audience, email, keys } = expected;
  const rules = { algorithms: ["RS256"], issuer: GOOGLE, audience };
  const payload = await verified(() => jwtVerify(token, keys, { ...rules, currentDate, requiredClaims: ["exp"] }));
  const claims = google.safeParse(payload);
  return claims.success && claims.data.email === email ? { kind: "account", email } : undefined;
}

/** The claims of a token in which nothing is wrong. Anything else than a wrong token is a fault of ours. */
async function verified(verify: () => Promise<{ readonly payload: unknown }>): Promise<unknown> {
  try {
    return (await verify()).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
