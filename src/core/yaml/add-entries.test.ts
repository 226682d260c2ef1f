import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addEntries, type YamlAddition, type YamlTree } from "./add-entries.ts";
import { readYaml } from "./read-yaml.ts";

const read = (text: string): unknown => {
  const file = readYaml(text, "mobius.yaml");
  if (!file.ok) throw new Error(JSON.stringify(file.error));
  return file.value.value;
};

describe("addEntries", () => {
  it.each<[string, string, YamlAddition, string]>([
    ["a new file's first key", "# top\n", { path: ["platform"], value: "p" }, "# top\nplatform: p\n"],
    [
      "a section that is not there",
      "a: 1 # one\n",
      { path: ["s", "x"], value: { k: "z" } },
      "a: 1 # one\n\ns:\n  x:\n    k: z\n",
    ],
    [
      "a section without entries",
      "s:   # none yet\nt: 1\n",
      { path: ["s", "x"], value: "1" },
      's:   # none yet\n  x: "1"\nt: 1\n',
    ],
    ["empty braces", "s: {} # none\nt: 1\n", { path: ["s", "x"], value: 1 }, "s: # none\n  x: 1\nt: 1\n"],
    [
      "a map with comments, in its own indent",
      "s:\n    a: 1   # one\n    # after\n\nt: 1\n",
      { path: ["s", "b"], value: true },
      "s:\n    a: 1   # one\n    b: true\n    # after\n\nt: 1\n",
    ],
    [
      "braces",
      "s: { a: 1, b: [x] } # c\n",
      { path: ["s", "c"], value: { d: "${e}" } },
      's: { a: 1, b: [x], c: { d: "${e}" } } # c\n',
    ],
    [
      "a map behind a block text",
      "s:\n  a: |\n    x\nt: 1\n",
      { path: ["s", "b"], value: "z" },
      "s:\n  a: |\n    x\n  b: z\nt: 1\n",
    ],
    ["Windows line breaks", "s:\r\n  a: 1\r\n", { path: ["s", "b"], value: "z" }, "s:\r\n  a: 1\r\n  b: z\r\n"],
  ])("adds to %s", (_name, text, addition, expected) => {
    expect(addEntries(text, [addition])).toBe(expected);
  });

  it("gives back any text and shape that it wrote, beside what stood there", () => {
    const key = fc.stringMatching(/^[A-Za-z_][\w.-]{0,8}$/).filter((name) => name !== "__proto__");
    const { tree } = fc.letrec<{ tree: YamlTree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: "grapheme-ascii" }),
        fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
        fc.dictionary(key, tie("tree"), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom("a: b\n", "s:\n  a: b # c\n", "s: {a: b}\n"), tree, tree, (text, one, two) => {
        const added = addEntries(text, [
          { path: ["s", "one"], value: one },
          { path: ["s", "deep", "two"], value: two },
        ]);
        const before = read(text) as { s?: object };
        expect(read(added)).toEqual({ ...before, s: { ...before.s, one, deep: { two } } });
      }),
    );
  });
});
