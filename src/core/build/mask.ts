/**
 * Hides secret values in a stream before anything of it is stored. Works on byte strings (one character per byte), so
 * that a multi-byte character cut by a chunk border is no special case. Limit: a secret that is encrypted, reversed or
 * printed character by character passes.
 */

/** What stands in the place of a secret. */
export const MASK = "[secret]";

/** Shorter values would mask half of every log. */
const MIN_LENGTH = 6;

/** A stream's masker. `push` gives what can be stored already; `flush` the rest, at the end. */
export interface Masker {
  push(bytes: string): string;
  flush(): string;
}

/** Makes a masker for values given as byte strings. Values shorter than 6 bytes are not masked. */
export function createMasker(secrets: readonly string[]): Masker {
  const patterns = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const matcher = patterns.length === 0 ? undefined : new RegExp(patterns.map(escapeRegExp).join("|"), "g");
  let held = "";
  return {
    push(bytes) {
      if (matcher === undefined) return bytes;
      const text = held + bytes;
      let safe = text.length - possibleStart(text, patterns);
      // A whole secret that reaches into what is held back is masked whole.
      for (const match of text.matchAll(matcher)) {
        const end = match.index + match[0].length;
        if (match.index < safe && end > safe) safe = end;
      }
      held = text.slice(safe);
      return text.slice(0, safe).replace(matcher, MASK);
    },
    flush() {
      const rest = matcher === undefined ? held : held.replace(matcher, MASK);
      held = "";
      return rest;
    },
  };
}

/** Length of the longest end of the text that may be the beginning of a secret. */
function possibleStart(text: string, patterns: readonly string[]): number {
  const longest = Math.min((patterns[0]?.length ?? 1) - 1, text.length);
  for (let length = longest; length > 0; length--) {
    const end = text.slice(text.length - length);
    if (patterns.some((pattern) => pattern.length > length && pattern.startsWith(end))) return length;
  }
  return 0;
}

/** The forms in which a value tends to appear: raw, line by line, escaped, URL-encoded, hex, base64 in each alignment. */
function formsOf(secret: string): readonly string[] {
  if (secret.length < MIN_LENGTH) return [];
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= MIN_LENGTH);
  const json = JSON.stringify(secret).slice(1, -1);
  const url = [...secret].map((byte) => (/[A-Za-z0-9_.~-]/.test(byte) ? byte : `%${hexOf(byte)}`)).join("");
  const hex = [...secret].map(hexOf).join("");
  const forms = [secret, ...lines, json, url, url.toLowerCase(), hex, hex.toLowerCase(), ...base64Forms(secret)];
  return forms.filter((form) => form.length >= MIN_LENGTH);
}

function hexOf(byte: string): string {
  return byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

/** What stays the same of a value's base64 whatever stands around it, for each of the three alignments, in both alphabets. */
function base64Forms(secret: string): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = toBase64("\0".repeat(offset) + secret);
    const begin = Math.ceil((offset * 8) / 6);
    const end = Math.floor(((offset + secret.length) * 8) / 6);
    const form = encoded.slice(begin, end);
    return form.length < 8 ? [] : [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function toBase64(bytes: string): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = [0, 1, 2].map((offset) => (bytes.charCodeAt(at + offset) || 0) & 255);
    const group = (a << 16) | (b << 8) | c;
    text += [18, 12, 6, 0].map((shift) => ALPHABET.charAt((group >> shift) & 63)).join("");
  }
  return text;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
