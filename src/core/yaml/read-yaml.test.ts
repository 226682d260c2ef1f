import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readYaml, type YamlFile } from "./read-yaml.ts";

function good(text: string): YamlFile {
  const read = readYaml(text, "f.yaml");
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

function refused(text: string): readonly string[] {
  const read = readYaml(text, "f.yaml");
  if (read.ok) throw new Error("it was taken");
  return read.error.map(({ code, summary, where }) => `${code} ${where?.line}:${where?.column} ${summary}`);
}

describe("readYaml", () => {
  it("takes every scalar as the text that stands there", () => {
    const texts = ["1234567", "1234e5", "0x12", "007", "on", "yes", "~", "null", "2026-11-26", "1_000", ".5"];
    expect(good(texts.map((text, index) => `k${index}: ${text}\n`).join("")).value).toEqual(
      Object.fromEntries(texts.map((text, index) => [`k${index}`, text])),
    );
  });

  it("leaves out keys without a value, and keeps a quoted empty text", () => {
    const file = good('a:\nb: ""\nc: { d: , e: x }\n');
    expect(file.value).toEqual({ b: "", c: { e: "x" } });
    expect(file.emptyKeys).toEqual([["a"], ["c", "d"]]);
  });

  it("knows where each key and value stands, or the nearest thing around it", () => {
    const file = good("a:\r\n  b: x\r\n  c: [y, z]\r\n");
    expect(file.whereOf(["a", "b"])).toEqual({ file: "f.yaml", line: 2, column: 6, excerpt: "a.b" });
    expect(file.whereOfKey(["a", "b"])).toEqual({ file: "f.yaml", line: 2, column: 3, excerpt: "a.b" });
    expect(file.whereOf(["a", "c", 1])).toEqual({ file: "f.yaml", line: 3, column: 10, excerpt: "a.c.1" });
    expect(file.whereOf(["a", "x", "y"])).toMatchObject({ line: 2, excerpt: "a" });
  });

  it("refuses what hides the meaning of a place, each at its place and all at once", () => {
    expect(refused("a: &x 1\nb: *x\nc: !env HOME\n? [k]\n: 1\n<<: {}\n__proto__: 1\n")).toEqual([
      "yaml-feature-refused 1:7 The file uses an anchor, which is not allowed here.",
      "yaml-feature-refused 2:4 The file uses an alias, which is not allowed here.",
      "yaml-feature-refused 3:9 The file uses the tag !env, which is not allowed here.",
      "yaml-feature-refused 4:3 The file uses a key that is no text, which is not allowed here.",
      "yaml-feature-refused 6:1 The file uses a merge key, which is not allowed here.",
      "yaml-feature-refused 7:1 The file uses the key __proto__, which is not allowed here.",
    ]);
  });

  it("refuses more documents than one, more nesting than 32 and more text than 1 MiB", () => {
    expect(refused("a: 1\n---\nb: 2\n")[0]).toMatch(/^yaml-invalid 2:1 /);
    expect(refused(`a: ${"[".repeat(40)}${"]".repeat(40)}\n`)[0]).toMatch(/deeper nesting than 32 levels/);
    expect(refused(`a: ${"x".repeat(1024 * 1024)}\n`)[0]).toMatch(/^file-too-large/);
  });

  it("reads back what was written, and never throws", () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 })),
        (value) => {
          expect(good(stringify(value, { defaultStringType: "QUOTE_DOUBLE" })).value).toEqual({ ...value });
        },
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void readYaml(text, "f.yaml")));
  });
});
