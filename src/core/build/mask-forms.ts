/**
 * The forms in which a secret tends to appear in output. All are byte strings (one character per byte) without line breaks,
 * as the matcher skips those. Source of the list: what CI systems leaked in the past, `%q` being bash's own.
 */

/** Shorter values would mask half of every log. */
const MIN_LENGTH = 6;

/** What to look for of a secret given as a byte string; nothing where it is shorter than 6 bytes. */
export function formsOf(secret: string): readonly string[] {
  const value = secret.replace(/^[\r\n]+|[\r\n]+$/g, "");
  if (value.length < MIN_LENGTH) return [];
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  const texts = [value, ...lines].filter((text) => text.length >= MIN_LENGTH).flatMap(escapedForms);
  const base64 = base64Forms(value);
  const forms = [...texts, ...urlForms(value), ...hexForms(value), ...base64, ...base64.flatMap(base64Forms)];
  return [...new Set(forms.map((form) => form.replace(/[\r\n]/g, "")))].filter((form) => form.length >= MIN_LENGTH);
}

/** As it is, and as a program prints it between quotes or in markup. */
function escapedForms(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = asciiJson(text);
  return [
    text,
    ...[json, ascii],
    json.replace(/[<>&]/g, unicodeEscape), // Go's encoding/json
    ...[json, ascii].map((form) => form.replaceAll("/", "\\/")), // PHP's
    ...[/[\\']/g, /[\\`]|\$(?=\{)/g].map((quoted) => controlEscaped(text.replace(quoted, "\\$&"))), // JavaScript's quotes
    ...shellForms(text),
    ...markupForms(text),
  ];
}

/** JSON of ASCII characters only, as Python writes it. */
function asciiJson(text: string): string {
  const characters = decodeUtf8(text) ?? text;
  return JSON.stringify(characters)
    .slice(1, -1)
    .replace(/[\u007f-\uffff]/g, unicodeEscape);
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function controlEscaped(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
}

function shellForms(text: string): readonly string[] {
  const backslashed = text.replace(/[\s'"\\|&;()<>!{}*[\]?^$`,]|^[~#]|(?<=[:=])~/g, "\\$&");
  const inDollarQuotes = controlEscaped(text.replace(/[\\']/g, "\\$&"));
  return [
    ...[backslashed, inDollarQuotes],
    inDollarQuotes.replace(/[\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8)}`), // in the C locale
    text.replace(/["\\$`]/g, "\\$&"), // between double quotes
    text.replaceAll("'", "'\\''"), // set -x, ${name@Q}
    text.replaceAll("'", `'"'"'`), // Python's shlex
  ];
}

/** The ways to write the characters that XML and HTML reserve: the ampersand always first. */
function markupForms(text: string): readonly string[] {
  const base = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const quotes: readonly (readonly [string, string])[] = [
    ['"', "'"],
    ["&quot;", "'"],
    ["&quot;", "&apos;"],
    ["&quot;", "&#39;"],
    ["&quot;", "&#x27;"],
    ["&#34;", "&#39;"],
  ];
  return quotes.map(([double, single]) => base.replaceAll('"', double).replaceAll("'", single));
}

/** Percent-encoding with each set of characters that may stay, spaces also as `+`, digits in both cases. */
function urlForms(text: string): readonly string[] {
  return [/[A-Za-z0-9_.~-]/, /[A-Za-z0-9_.~!'()*-]/, /[A-Za-z0-9_.*+-]/, /[A-Za-z0-9_.~!'()*;,/?:@&=+$#-]/].flatMap(
    (kept, index) => {
      const isForm = index === 2;
      const encoded = (hex: (byte: string) => string) =>
        [...text]
          .map((byte) => {
            if (isForm && byte === " ") return "+";
            return kept.test(byte) && !(isForm && byte === "+") ? byte : `%${hex(byte)}`;
          })
          .join("");
      return [encoded((byte) => hexOf(byte).toUpperCase()), encoded(hexOf)];
    },
  );
}

function hexForms(text: string): readonly string[] {
  const hex = [...text].map(hexOf).join("");
  return [hex, hex.toUpperCase()];
}

function hexOf(byte: string): string {
  return byte.charCodeAt(0).toString(16).padStart(2, "0");
}

/** What stays the same of a value's base64 whatever stands around it, for each of the three alignments, in both alphabets. */
function base64Forms(text: string): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = toBase64("\0".repeat(offset) + text);
    const begin = Math.ceil((offset * 8) / 6);
    const end = Math.floor(((offset + text.length) * 8) / 6);
    const form = encoded.slice(begin, end);
    return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function toBase64(bytes: string): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group =
      ((bytes.charCodeAt(at) & 255) << 16) | ((bytes.charCodeAt(at + 1) & 255) << 8) | (bytes.charCodeAt(at + 2) & 255);
    text += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
    text += ALPHABET.charAt((group >> 6) & 63) + ALPHABET.charAt(group & 63);
  }
  return text;
}

function decodeUtf8(bytes: string): string | undefined {
  try {
    return decodeURIComponent(bytes.replace(/[%\x80-\xff]/g, (byte) => `%${hexOf(byte)}`));
  } catch {
    return undefined; // not UTF-8
  }
}
