import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesGlob } from "./glob.ts";

const rows: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
  ["server.js", "server.js", true],
  ["./server.js", "server.js", true],
  ["server.js", "server.jsx", false],
  ["server.js", "lib/server.js", false],
  ["src", "src/a.js", true],
  ["src/", "src/deep/er/a.js", true],
  ["src", "srcs/a.js", false],
  ["src/a", "src", false],
  [".", "any/thing", true],
  ["*.js", "a.js", true],
  ["*.js", ".js", true],
  ["*.js", "src/a.js", false],
  ["src/*", "src/a.js", true],
  ["src/*", "src/deep/a.js", false],
  ["src/*/index.js", "src/one/index.js", true],
  ["src/a*b*c.js", "src/aXbYbc.js", true],
  ["src/a*b*c.js", "src/acb.js", false],
  ["**", "a/b/c", true],
  ["src/**", "src/a/b.js", true],
  ["src/**", "src", false],
  ["**/*.js", "a.js", true],
  ["**/*.js", "a/b/c.js", true],
  ["**/*.js", "a/b/c.ts", false],
  ["src/**/test/*.js", "src/test/a.js", true],
  ["src/**/test/*.js", "src/a/test/test/b.js", true],
  ["src/**/test/*.js", "src/a/tests/b.js", false],
  ["a.c", "abc", false],
  ["[a]", "a", false],
];

describe("matchesGlob", () => {
  it.each(rows)("%s against %s: %s", (pattern, path, matches) => {
    expect(matchesGlob(pattern, path)).toBe(matches);
  });

  const segment = fc.stringMatching(/^[a-c.]{1,3}$/).filter((text) => text !== ".");
  const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
  const pattern = fc
    .array(fc.oneof(segment, fc.constant("*"), fc.constant("**"), fc.stringMatching(/^[a-c*.]{1,4}$/)), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.filter((part) => part !== "."))
    .filter((parts) => parts.length > 0 && !parts.some((part) => part.length > 2 && part.includes("**")))
    .map((parts) => parts.join("/"));

  it("agrees with a regular expression of the same meaning", () => {
    fc.assert(
      fc.property(pattern, path, (p, text) => {
        expect(matchesGlob(p, text)).toBe(asRegExp(p).test(text));
      }),
    );
  });

  it("takes a path itself, and every folder above it", () => {
    fc.assert(
      fc.property(path, (text) => {
        const parts = text.split("/");
        for (let count = 1; count <= parts.length; count++) {
          expect(matchesGlob(parts.slice(0, count).join("/"), text)).toBe(true);
        }
      }),
    );
  });

  it("answers at once where a naive matcher would search for ever", () => {
    const started = performance.now();
    expect(matchesGlob(`${"*a".repeat(50)}b`, "a".repeat(2_000))).toBe(false);
    expect(matchesGlob(`${"**/a/".repeat(50)}b`, "a/".repeat(2_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

function asRegExp(pattern: string): RegExp {
  const parts = pattern.split("/").filter((part) => part !== "");
  if (!pattern.includes("*")) return new RegExp(`^${parts.map(quoted).join("/")}(/.*)?$`);
  const pieces = parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    if (part === "**") return isLast ? "[^/]+(/[^/]+)*" : "([^/]+/)*";
    return part.split("*").map(quoted).join("[^/]*") + (isLast ? "" : "/");
  });
  return new RegExp(`^${pieces.join("")}$`);
}

function quoted(text: string): string {
  return text.replaceAll(/[.\\+?^${}()|[\]]/g, "\\$&");
}
