import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkShape } from "./check-shape.ts";
import { readYaml } from "./read-yaml.ts";
import { boolean, durationMs, integer, nonEmpty } from "./scalars.ts";

const shape = z.strictObject({
  name: z.string(),
  port: integer(1).optional(),
  live: boolean().optional(),
  tags: nonEmpty(z.string()).optional(),
  build: z
    .union([z.strictObject({ sameAs: z.string() }), z.strictObject({ module: z.string(), within: durationMs() })])
    .optional(),
  free: z.record(z.string(), z.strictObject({ on: z.string() })).optional(),
});

function problems(text: string): readonly string[] {
  const read = readYaml(text, "f.yaml");
  if (!read.ok) throw new Error("it is no YAML");
  const checked = checkShape(read.value, shape);
  if (checked.ok) return [];
  return checked.error.map(({ code, where, why, fix }) => `${code} ${where?.line}:${where?.column} ${why} ${fix}`);
}

const CORRECT = "Correct the value; the schema in schemas/ says what is allowed.";
const KNOWN = "Known here: name, port, live, tags, build, free.";

describe("checkShape", () => {
  it("gives the value where everything fits", () => {
    const read = readYaml("name: a\nport: 8080\nbuild: { module: m, within: 2m }\n", "f.yaml");
    expect(read.ok && checkShape(read.value, shape)).toEqual({
      ok: true,
      value: { name: "a", port: 8080, build: { module: "m", within: 120_000 } },
    });
  });

  it("reports everything that does not fit, each at its place", () => {
    expect(problems("nmae: a\nport: zero\nlive: yes\ntags: x\nqqqqqq: 1\n")).toEqual([
      'key-missing 1:1 It has no default. Add "name".',
      `value-invalid 2:7 it must be a whole number ${CORRECT}`,
      `value-invalid 3:7 it must be "true" or "false" ${CORRECT}`,
      `value-invalid 4:7 it must be a list ${CORRECT}`,
      `key-unknown 1:1 ${KNOWN} Did you mean "name"? Otherwise remove "nmae".`,
      `key-unknown 5:1 ${KNOWN} Remove "qqqqqq".`,
    ]);
  });

  it("says what a value must be in words of the file, not of a programming language", () => {
    expect(problems("name: [a]\n")).toEqual([`value-invalid 1:7 it must be text ${CORRECT}`]);
    expect(problems("name: a\nfree: x\n")).toEqual([`value-invalid 2:7 it must be a map ${CORRECT}`]);
    expect(problems("name: a\ntags: [b, ]\nfree: { x: { on: [] } }\n")).toEqual([
      `value-invalid 3:18 it must be text ${CORRECT}`,
    ]);
    expect(problems("name: a\ntags:\n  - b\n  -\n")).toEqual([`value-invalid 4:4 it is empty ${CORRECT}`]);
  });

  it("holds a value that may have several forms against the one that it fits best", () => {
    expect(problems("name: a\nbuild: { module: m, within: soon }\n")).toEqual([
      `value-invalid 2:29 it must be a duration such as 30s, 10m or 24h ${CORRECT}`,
    ]);
    expect(problems("name: a\nbuild: { sameas: m }\n")).toEqual([
      'key-missing 2:8 It has no default. Add "sameAs".',
      'key-unknown 2:10 Known here: sameAs, module, within. Did you mean "sameAs"? Otherwise remove "sameas".',
    ]);
  });

  it("knows the keys beneath free names", () => {
    expect(problems("name: a\nfree: { x: { of: y } }\n")).toEqual([
      'key-missing 2:12 It has no default. Add "on".',
      'key-unknown 2:14 Known here: on. Did you mean "on"? Otherwise remove "of".',
    ]);
  });
});
