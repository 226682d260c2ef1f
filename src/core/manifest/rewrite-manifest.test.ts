import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { rewriteManifest } from "./rewrite-manifest.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("rewriteManifest", () => {
  it("changes the scalars that are named, and not a byte more", () => {
    const text = [
      "# top",
      "release_id:   2026-11-26-staging   # kept",
      "commits:",
      "    mobius-chat: 1234e5     # a short one",
      "    'mobius-rag': 'v1.2.0'",
      '    mobius-os:  "main"   ',
      "",
      "images: { a: gcr.io/p/a:1, b: gcr.io/p/b:2 } # flow",
      "notes: [x]",
      "",
    ].join("\n");
    const changed = rewriteManifest(text, [
      { path: ["commits", "mobius-chat"], value: COMMIT },
      { path: ["commits", "mobius-rag"], value: COMMIT },
      { path: ["commits", "mobius-os"], value: COMMIT },
      { path: ["images", "b"], value: "gcr.io/p/b:2@sha256:00" },
    ]);
    expect(changed).toBe(
      text
        .replace("1234e5", COMMIT)
        .replace("'v1.2.0'", `'${COMMIT}'`)
        .replace('"main"', `"${COMMIT}"`)
        .replace("gcr.io/p/b:2", "gcr.io/p/b:2@sha256:00"),
    );
  });

  it("adds keys at the end of their block, in its indentation, and sections at the end of the file", () => {
    const text = "commits:\n   a: main # why\n\n# images\nimages:\nnotes: []\n";
    expect(rewriteManifest(text, [{ path: ["commits", "b"], value: "v1" }])).toBe(
      "commits:\n   a: main # why\n   b: v1\n\n# images\nimages:\nnotes: []\n",
    );
    expect(rewriteManifest(text, [{ path: ["images", "b"], value: "x:1" }])).toBe(
      "commits:\n   a: main # why\n\n# images\nimages:\n  b: x:1\nnotes: []\n",
    );
    expect(rewriteManifest("release_id: x", [{ path: ["commits", "a"], value: "v1" }])).toBe(
      "release_id: x\ncommits:\n  a: v1\n",
    );
    expect(rewriteManifest("images: {}\n", [{ path: ["images", "a"], value: "x:1" }])).toBe("images: {a: x:1}\n");
  });

  it("keeps the line ends of the file", () => {
    expect(rewriteManifest("commits:\r\n  a: main\r\n", [{ path: ["commits", "b"], value: "v1" }])).toBe(
      "commits:\r\n  a: main\r\n  b: v1\r\n",
    );
  });

  it("quotes what other readers of YAML would take for a number or a date", () => {
    const digits = ["1234567", "1234e5", "1e+5", "1_000", "0x1234", "0123456789012345678901234567890123456789"];
    for (const value of [...digits, "2026-11-26", "12:30", "on", "y", "null", "false"]) {
      expect(rewriteManifest("commits:\n  a: main\n", [{ path: ["commits", "a"], value }])).toBe(
        `commits:\n  a: "${value}"\n`,
      );
    }
  });

  it.each([
    ["a folded text", "commits:\n  a: >-\n    main\n  b: x\n", "commits:\n  a: v1\n  b: x\n"],
    ["a literal text", "commits:\r\n  a: |\r\n    main\r\n", "commits:\r\n  a: v1\r\n"],
    ["a text over two lines", "commits:\n  a: main\n    line\n  b: x\n", "commits:\n  a: v1\n  b: x\n"],
    ["no value", "commits:\n  a:\n  b: x\n", "commits:\n  a: v1\n  b: x\n"],
    ["no value but a comment", "commits:\n  a: # c\n  b: x\n", "commits:\n  a: v1 # c\n  b: x\n"],
    ["no value, in flow style", "commits: {b: x, a}\n", "commits: {b: x, a: v1}\n"],
    ["a byte order mark before it", "\uFEFFcommits:\n  a: main\n", "\uFEFFcommits:\n  a: v1\n"],
  ])("writes a value where there is %s", (_what, text, changed) => {
    expect(rewriteManifest(text, [{ path: ["commits", "a"], value: "v1" }])).toBe(changed);
  });

  it.each([
    ["a trailing comma", "commits: { a: x, }\n", "commits: { a: x, z: v1, }\n"],
    [
      "comments in flow style",
      "commits: {\n  a: x, # c\n  b: y # d\n}\n",
      "commits: {\n  a: x, # c\n  b: y, z: v1 # d\n}\n",
    ],
    ["only a comment in flow style", "commits: {\n  # c\n}\n", "commits: {z: v1\n  # c\n}\n"],
    ["a literal text", "commits:\n  a: |\n    x\nnotes: []\n", "commits:\n  a: |\n    x\n  z: v1\nnotes: []\n"],
    [
      "a list over lines",
      "commits:\n  a: [x,\n    y] # c\nnotes: []\n",
      "commits:\n  a: [x,\n    y] # c\n  z: v1\nnotes: []\n",
    ],
    ["the end of the document", "release_id: x\n...\n", "release_id: x\ncommits:\n  z: v1\n...\n"],
    ["a file in flow style", "{release_id: x}\n", "{release_id: x, commits: {z: v1}}\n"],
    ["an empty section in flow style", "{commits: , notes: []}\n", "{commits: {z: v1} , notes: []}\n"],
  ])("adds a key by %s", (_what, text, changed) => {
    expect(rewriteManifest(text, [{ path: ["commits", "z"], value: "v1" }])).toBe(changed);
  });

  it("leaves lists of migrations, their comments and their order as they are", () => {
    const lists =
      "migrations:\n  mobius-rag: # first\n    - python:a   # one\n    - 'sql:b.sql'\n  mobius-os: [1234e5, 0x12]\n";
    expect(rewriteManifest(`${lists}commits:\n  a: main\n`, [{ path: ["commits", "a"], value: "v1" }])).toBe(
      `${lists}commits:\n  a: v1\n`,
    );
  });

  it("does not pass over an edit that has no place: that would leave a release unpinned", () => {
    expect(() => rewriteManifest("commits: [a]\n", [{ path: ["commits", "a"], value: "v1" }])).toThrow(
      "section commits is a map",
    );
    expect(() => rewriteManifest("commits: { a: [b] }\n", [{ path: ["commits", "a"], value: "v1" }])).toThrow(
      "commits.a is a scalar",
    );
  });

  it("leaves a value alone that is the same already, however it is quoted", () => {
    const text = "commits:\n  a: 'main'\n";
    expect(rewriteManifest(text, [{ path: ["commits", "a"], value: "main" }])).toBe(text);
  });

  it("gives back what was put in, wherever and however it stands, with all comments", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const scalar = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9./@:_-]{0,20}[A-Za-z0-9]$/);
    const quote = fc.constantFrom("", "'", '"');
    const entry = fc.record({ value: scalar, quote, comment: fc.stringMatching(/^[a-z ]{0,10}$/) });
    fc.assert(
      fc.property(fc.dictionary(name, entry, { minKeys: 1, maxKeys: 6 }), name, scalar, (entries, key, value) => {
        const lines = Object.entries(entries).map(
          ([each, { value: was, quote: mark, comment }]) => `  ${each}: ${mark}${was}${mark} # ${comment}`,
        );
        const text = `commits:\n${lines.join("\n")}\n`;
        const changed = rewriteManifest(text, [{ path: ["commits", key], value }]);
        const read = parseDocument(changed, { schema: "failsafe" });
        expect(read.errors).toEqual([]);
        expect(read.getIn(["commits", key])).toBe(value);
        for (const [each, { value: was, comment }] of Object.entries(entries)) {
          if (each !== key) expect(read.getIn(["commits", each])).toBe(was);
          expect(changed).toContain(`# ${comment}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});
