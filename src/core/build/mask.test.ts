import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMasker, MASK } from "./mask.ts";

const bytes = (text: string) => Buffer.from(text).toString("latin1");

function masked(secrets: readonly string[], chunks: readonly string[]): string {
  const masker = createMasker(secrets.map(bytes));
  return chunks.map((chunk) => masker.push(bytes(chunk))).join("") + masker.flush();
}

describe("masking", () => {
  const secret = "pa$$ w/rd+☂@x";
  it.each([
    ["raw", secret],
    ["URL-encoded", encodeURIComponent(secret)],
    ["hex", Buffer.from(secret).toString("hex")],
    ["base64", Buffer.from(secret).toString("base64")],
    ["base64 behind one byte", Buffer.from(`a${secret}`).toString("base64")],
    ["base64 in the middle", Buffer.from(`a:${secret}bc`).toString("base64")],
    ["base64url", Buffer.from(secret).toString("base64url")],
  ])("hides a value that is %s", (_, form) => {
    expect(masked([secret], [`<${form}>`])).not.toContain(form);
    expect(masked([secret], [`<${form}>`])).toContain(MASK);
  });

  it("hides each line of a value with several", () => {
    expect(masked(["first line\nsecond line"], ["x second line y"])).toBe(`x ${MASK} y`);
  });

  it("hides a value wherever the chunks are cut, and changes nothing else", () => {
    const cut = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
    const noise = fc.string({ unit: fc.constantFrom("s", "e", "c", "r", "t", "-", "\n"), maxLength: 30 });
    fc.assert(
      fc.property(cut, noise, noise, (sizes, before, after) => {
        const text = `${before}secret-1${after}`;
        const chunks: string[] = [];
        for (let at = 0, turn = 0; at < text.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(text.slice(at, at + size));
          at += size;
        }
        expect(masked(["secret-1", "cret-1se"], chunks)).not.toContain("secret-1");
        expect(masked(["never-there"], chunks)).toBe(text);
      }),
    );
  });

  it("gives out at once what cannot be part of a value, and ignores values that are too short", () => {
    const masker = createMasker(["secret-1"]);
    expect(masker.push("line\nsec")).toBe("line\n");
    expect(masker.push("ond\n")).toBe("second\n");
    expect(masked(["abc"], ["abcabc"])).toBe("abcabc");
  });
});
