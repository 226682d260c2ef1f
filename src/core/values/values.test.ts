import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digestOf, digestOfValue, isDigest } from "./digest.ts";
import { isReleaseId } from "./ids.ts";
import { renderProblem } from "./problem.ts";
import { Secret } from "./secret.ts";
import { formatDuration, fromIso, instant, toIso } from "./time.ts";

describe("digests", () => {
  it("are SHA-256 of the text", () => {
    // The digest of the empty text is a published constant.
    expect(digestOf("")).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("do not depend on the order of keys, and do on every value", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(digestOfValue(turned)).toBe(digestOfValue(value));
        expect(digestOfValue({ ...value, "one more": 1 })).not.toBe(digestOfValue(value));
        expect(isDigest(digestOfValue(value))).toBe(true);
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("leave undefined members out, as JSON does", () => {
    expect(canonicalJson({ b: [undefined, 1], a: undefined })).toBe('{"b":[null,1]}');
  });
});

describe("a secret", () => {
  it("is not printed by any of the ways in which values get printed", () => {
    const secret = new Secret("hunter2");
    const printed = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ a: [secret] }),
    ];
    expect(printed.join(" ")).not.toContain("hunter2");
    expect(secret.reveal()).toBe("hunter2");
  });
});

describe("times and names", () => {
  it.each([
    [340, "340 ms"],
    [4_200, "4.2 s"],
    [185_000, "3 min 05 s"],
    [7_800_000, "2 h 10 min"],
  ])("shows %d ms as %s", (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  it("reads what it writes", () => {
    expect(toIso(fromIso("2026-11-26T08:00:00.250Z"))).toBe("2026-11-26T08:00:00.250Z");
    expect(() => instant(Number.NaN)).toThrow(RangeError);
  });

  it("knows a release id", () => {
    expect(["REL-1", "REL-01", "REL-", "rel-1", "REL-12"].filter(isReleaseId)).toEqual(["REL-1", "REL-12"]);
  });
});

describe("a problem", () => {
  it("is shown with its place, its causes and its remedy", () => {
    const text = renderProblem({
      code: "image-not-pinned",
      severity: "error",
      summary: 'Service "api" names an image by tag.',
      where: { file: "release.yaml", line: 14, column: 12, excerpt: "images.api: x" },
      why: ["A tag can move.", "It moved."],
      fix: "Replace it.",
    });
    expect(text).toBe(
      [
        'error[image-not-pinned]: Service "api" names an image by tag.',
        "  where: release.yaml:14:12   images.api: x",
        "  why:   A tag can move.",
        "         It moved.",
        "  fix:   Replace it.",
        "  more:  docs/errors.md#image-not-pinned",
      ].join("\n"),
    );
  });
});
