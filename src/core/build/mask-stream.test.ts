import { execFileSync } from "node:child_process";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formsOf } from "./mask-forms.ts";
import { MASK } from "./mask-regions.ts";
import { createStreamMasker } from "./mask-stream.ts";

const byteString = (text: string) => Buffer.from(text).toString("latin1");

function masked(secrets: readonly string[], chunks: readonly (string | Buffer)[]): string {
  const masker = createStreamMasker(secrets.map(byteString));
  // A chunk is good during the call only: whoever reads a pipe reads all of it into the same memory.
  const memory = Buffer.alloc(Math.max(0, ...chunks.map((chunk) => Buffer.byteLength(chunk))));
  const pieces = chunks.map((chunk) => {
    const size = Buffer.from(chunk).copy(memory);
    return Buffer.from(masker.push(memory.subarray(0, size)));
  });
  return Buffer.concat([...pieces, masker.flush()]).toString();
}

/** Cuts text into chunks of the sizes, in turn. */
function cut(text: string, sizes: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const withoutBreaks = (text: string) => text.replace(/[\r\n]/g, "");
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about
const withoutEscapes = (text: string) => text.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, "");

const base64 = (text: string) => Buffer.from(text).toString("base64");
const SECRET = `pa$$ w/rd+☂@x'"<&>\\\``;

describe("masking", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["raw", SECRET],
    ["in JSON", JSON.stringify(SECRET).slice(1, -1)],
    [
      "in JSON as Go writes it",
      JSON.stringify(SECRET)
        .slice(1, -1)
        .replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`),
    ],
    ["in JSON of ASCII only", JSON.stringify(SECRET).slice(1, -1).replace("☂", "\\u2602")],
    ["inspected", inspect(`${SECRET}`).slice(1, -1)],
    ["between single quotes of JavaScript", SECRET.replace(/[\\']/g, "\\$&")],
    [
      "quoted by printf %q",
      execFileSync("bash", ["-c", 'printf %q "$1"', "bash", SECRET], { env: { LC_ALL: "C.UTF-8" } }).toString(),
    ],
    [
      "quoted by printf %q in the C locale",
      execFileSync("bash", ["-c", 'printf %q "$1"', "bash", SECRET], { env: { LC_ALL: "C" } })
        .toString()
        .slice(2, -1),
    ],
    ["shown by set -x", `${SECRET}`.replaceAll("'", "'\\''")],
    [
      "in XML",
      SECRET.replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;")
        .replaceAll("'", "&apos;"),
    ],
    ["URL-encoded", encodeURIComponent(SECRET)],
    ["URL-encoded with small digits", encodeURIComponent(SECRET).replace(/%../g, (hex) => hex.toLowerCase())],
    ["in a form", new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ["in a whole address", encodeURI(SECRET)],
    ["hex", Buffer.from(SECRET).toString("hex")],
    ["HEX", Buffer.from(SECRET).toString("hex").toUpperCase()],
    ["base64url", Buffer.from(SECRET).toString("base64url")],
    ...["", "a", "ab"].map(
      (before) => [`base64 behind ${before.length} bytes`, base64(`${before}${SECRET}z`)] as const,
    ),
    ...["", "a", "ab"].map(
      (before) => [`base64 of base64 behind ${before.length}`, base64(base64(`${before}${SECRET}z`))] as const,
    ),
  ];

  it.each(forms)("hides a value that is %s", (_, form) => {
    const wrapped = form.replace(/.{5}/gu, "$&\r\n");
    const coloured = form.replace(/.{4}/gu, "$&\u001b[1;31m");
    for (const text of [form, wrapped, coloured]) {
      const shown = masked([SECRET], [`<${text}>`]);
      // What base64 has at both ends depends on what stands there: at most four characters, twice where it is twice.
      expect(shown).toContain(MASK);
      expect(withoutBreaks(withoutEscapes(shown)).replaceAll(MASK, "").length).toBeLessThan(24);
    }
  });

  it("hides each line of a value with several, as often as it comes", () => {
    expect(masked(["first line\n  second line\nx"], ["x second line y"])).toBe(`x ${MASK} y`);
    expect(masked(["first line\nsecond line"], ["first line\nsecond line\nsecond line"])).toBe(`${MASK}\n${MASK}`);
  });

  it("hides a value wherever the stream is cut, with breaks and colours anywhere in it, and changes nothing else", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
    const noise = fc.string({
      unit: fc.constantFrom("s", "e", "c-", "r", "t-1", "-", "\n", "\r", "\u001b[3", "1m", "\u001b[K"),
      maxLength: 30,
    });
    const between = fc.array(fc.constantFrom("", "", "", "\n", "\r\n", "\u001b[31m", "\u001b[K\n"), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(sizes, noise, noise, between, (chunks, before, after, breaks) => {
        const spread = [..."secret-1"].map((character, at) => character + (breaks[at] ?? "")).join("");
        const text = before + spread + after;
        const secrets = ["secret-1", "cret-1se", "-1----", "s-1s-1s-1"];
        const whole = masked(secrets, [text]);
        expect(masked(secrets, cut(text, chunks))).toBe(whole);
        const left = whole.replaceAll(MASK, "*");
        for (const secret of secrets) {
          expect(withoutBreaks(left)).not.toContain(secret);
          expect(withoutBreaks(withoutEscapes(left))).not.toContain(secret);
        }
        expect(masked(["never-there"], cut(text, chunks))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it("leaves no form of any value", () => {
    const secret = fc
      .string({ unit: "grapheme", minLength: 6, maxLength: 30 })
      .filter((text) => formsOf(byteString(text)).length > 0);
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(secret, sizes, fc.nat(), (value, chunks, pick) => {
        const all = formsOf(byteString(value));
        const form = Buffer.from(all[pick % all.length] ?? "", "latin1").toString("latin1");
        const masker = createStreamMasker([byteString(value)]);
        const pieces = cut(`=${form}=${form}`, chunks).map((chunk) => Buffer.from(chunk.toString(), "latin1"));
        const out = Buffer.concat([...pieces.map((piece) => Buffer.from(masker.push(piece))), masker.flush()]);
        expect(out.toString("latin1").replaceAll(MASK, "\0")).not.toContain(form);
      }),
    );
  });

  it("hides what is written inside of an escape sequence, too", () => {
    expect(masked(["secret-1"], ["see \u001b]8;;http://x/?secret-1\u0007here"])).toBe(
      `see \u001b]8;;http://x/?${MASK}\u0007here`,
    );
    expect(masked(["my-secret"], ["\u001b[31my-secret"])).toBe(`\u001b[31${MASK}`);
  });

  it("ends the colours that it hides with a value", () => {
    expect(masked(["secret-1"], ["\u001b[31msec\u001b[0mret-1 and"])).toBe(`\u001b[31m${MASK}\u001b[0m and`);
  });

  it("gives out at once what cannot be part of a value, and a line that ends with at most two bytes of one", () => {
    const masker = createStreamMasker(["secret-1"]);
    const push = (text: string) => Buffer.from(masker.push(Buffer.from(text))).toString();
    expect(push("line\nsec")).toBe("line\n");
    expect(push("ond\nse\n")).toBe("second\nse\n");
    expect(push("cret-1")).toBe("");
    expect(push(" is\nsec\n")).toBe(`${MASK} is\n`);
    expect(masker.drop()).toBe(4);
    expect(masker.flush()).toHaveLength(0);
  });

  it("hides values among bytes that are no text, too", () => {
    const masker = createStreamMasker(["secret-1"]);
    const push = (bytes: string) => Buffer.from(masker.push(Buffer.from(bytes, "latin1"))).toString("latin1");
    const flushed = () => Buffer.from(masker.flush()).toString("latin1");
    expect(push("\xe2 secret-") + push("1 sec") + flushed()).toBe(`\xe2 ${MASK} sec`);
  });

  it("ignores values that are too short", () => {
    expect(masked(["abc", "a\nb\nc\nd"], ["abcabc a\nb"])).toBe("abcabc a\nb");
  });

  it("keeps little back, whatever comes", () => {
    const masker = createStreamMasker(["secret-1"]);
    masker.push(Buffer.from("secre"));
    const breaks = Buffer.alloc(64 * 1024, "\n");
    const given = [breaks, breaks].reduce((sum, chunk) => sum + masker.push(chunk).length, 0);
    expect(given).toBe(5 + 2 * breaks.length);
  });
});
