import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../core/values/secret.ts";

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** Whether a sender knows the secret. Digests have one length, so that neither it nor the first difference can be timed. */
export function isEqualSecret(secret: Secret | undefined, given: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = secret?.reveal() ?? "";
  return timingSafeEqual(digest(expected), digest(given)) && expected !== "";
}

/** Whether the bytes carry GitHub's signature by the secret: `sha256=<hex>`, an HMAC, and no other algorithm. */
export function isSigned(secret: Secret | undefined, bytes: Buffer, signature: string): boolean {
  const expected = secret?.reveal() ?? "";
  const computed = createHmac("sha256", expected).update(bytes).digest();
  const given = SIGNATURE.exec(signature)?.[1];
  return expected !== "" && given !== undefined && timingSafeEqual(computed, Buffer.from(given, "hex"));
}
