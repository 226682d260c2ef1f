import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseVariables } from "./parse-variables.ts";

const read = (text: string) => {
  const { variables, problems } = parseVariables(text, "deploy/dev.env");
  return { values: Object.fromEntries(variables.map(({ name, value }) => [name, value])), problems };
};

describe("parseVariables", () => {
  it("reads what stands in deploy files, and puts nothing in", () => {
    const text = [
      "\uFEFF# Dev",
      "PROJECT_ID=mobius-os-dev   # the project",
      "export REGION=us-central1",
      "EMPTY=",
      'EMPTY_TOO="" # on purpose',
      "CORS=https://a.example,https://b.example",
      "URL=postgresql://u:p=a$s@w,rd#1@h/db",
      "SINGLE='$HOME and \\n and \"x\"'",
      'DOUBLE="a \\"b\\" \\$c \\n${REGION}"',
      "SPACED = x y ",
      'LONG="one',
      'two" # end',
      "  INDENTED=1\r",
    ].join("\n");
    expect(read(text)).toEqual({
      values: {
        PROJECT_ID: "mobius-os-dev",
        REGION: "us-central1",
        EMPTY: "",
        EMPTY_TOO: "",
        CORS: "https://a.example,https://b.example",
        URL: "postgresql://u:p=a$s@w,rd#1@h/db",
        SINGLE: '$HOME and \\n and "x"',
        DOUBLE: 'a "b" $c \n${REGION}',
        SPACED: "x y",
        LONG: "one\ntwo",
        INDENTED: "1",
      },
      problems: [],
    });
  });

  it("tells of values that a shell would put others into", () => {
    const { variables } = parseVariables('A=\'$B\'\nC="${B}/x"\nD=$B-y\nE="\\$B"\n', "x.env");
    expect(variables.map(({ name, refersTo }) => [name, refersTo])).toEqual([
      ["A", []],
      ["C", ["B"]],
      ["D", ["B"]],
      ["E", []],
    ]);
  });

  it("finds every line that is none, and shows none of their text", () => {
    const { values, problems } = read("GOOD=1\nhunter2\nif [ x ]; then\nOPEN='abc\n");
    expect(values).toEqual({ GOOD: "1" });
    expect(problems.map(({ code, where }) => [code, where?.line])).toEqual([
      ["import-line-invalid", 2],
      ["import-line-invalid", 3],
      ["import-line-invalid", 4],
    ]);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  it("gives back any value in single quotes", () => {
    const value = fc.string({ unit: "grapheme-ascii" }).filter((text) => !text.includes("'"));
    fc.assert(
      fc.property(value, (text) => {
        expect(read(`KEY='${text}'\nNEXT=1`).values).toEqual({ KEY: text, NEXT: "1" });
      }),
    );
  });
});
