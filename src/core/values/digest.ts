import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** `sha256:<64 hex>`: the only identity of an image, a manifest, a build key or a plan. */
export type Digest = string & { readonly __brand: "Digest" };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether the text has the form of a digest. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** Takes a text that must be a digest. Throws RangeError otherwise: parse input with `isDigest` first. */
export function digest(text: string): Digest {
  if (!isDigest(text)) throw new RangeError(`not a digest: ${text}`);
  return text;
}

/** SHA-256 of bytes, or of a text in UTF-8. */
export function digestOf(content: string | Uint8Array): Digest {
  const bytes = typeof content === "string" ? utf8ToBytes(content) : content;
  return `sha256:${bytesToHex(sha256(bytes))}` as Digest;
}

/**
 * SHA-256 of a value as canonical JSON: keys sorted, no spaces, `undefined` members left out. Two values that differ
 * only in the order of keys have one digest. Values must be JSON: no functions, dates or cycles.
 */
export function digestOfValue(value: unknown): Digest {
  return digestOf(canonicalJson(value));
}

/** The text that `digestOfValue` digests. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
