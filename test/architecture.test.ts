import { describe, expect, it } from "vitest";
import { bannedCalls, cycles, foreignImports, waitingCore, wrongWay } from "./house/layers.ts";
import { report, type SourceFile, sourceFile, sourceFiles, type Violation } from "./house/source-files.ts";

const files = sourceFiles("src");

/** Rules, what breaks each, and what that is told. */
const RULES: readonly {
  readonly rule: (files: readonly SourceFile[]) => readonly Violation[];
  readonly says: string;
  readonly broken: readonly SourceFile[];
  readonly told: RegExp;
}[] = [
  {
    rule: wrongWay,
    says: "imports go downwards",
    broken: [sourceFile("src/core/plan/x.ts", 'import { y } from "../release/y.ts";\n')],
    told: /src\/core\/plan may not import src\/core\/release\/y\.ts/,
  },
  {
    rule: wrongWay,
    says: "adapters do not know each other",
    broken: [sourceFile("src/adapters/git/x.ts", 'const y = await import("../store/y.ts");\n')],
    told: /src\/adapters\/git may not import src\/adapters\/store\/y\.ts/,
  },
  {
    rule: wrongWay,
    says: "every folder has a layer",
    broken: [sourceFile("src/helpers/x.ts", "export {};\n")],
    told: /is in no layer/,
  },
  {
    rule: cycles,
    says: "nothing imports itself in a circle, types included",
    broken: [
      sourceFile("src/core/plan/a.ts", 'import type { B } from "./b.ts";\n'),
      sourceFile("src/core/plan/b.ts", 'import type { A } from "./a.ts";\n'),
    ],
    told: /src\/core\/plan\/a\.ts → src\/core\/plan\/b\.ts → src\/core\/plan\/a\.ts/,
  },
  {
    rule: bannedCalls,
    says: "time, chance, output, environment and network have one place each",
    broken: [sourceFile("src/engine/x.ts", "// Date.now() in prose is fine\nconst now = `at ${Date.now()}`;\n")],
    told: /src\/engine\/x\.ts:2: Date\.now is banned here/,
  },
  {
    rule: foreignImports,
    says: "Google's clients and the machine stay outside the core",
    broken: [sourceFile("src/engine/x.ts", 'import { ServicesClient } from "@google-cloud/run";\n')],
    told: /belongs to src\/adapters\/google/,
  },
  {
    rule: foreignImports,
    says: "the core knows no machine",
    broken: [sourceFile("src/core/plan/x.ts", 'import { readFile } from "node:fs/promises";\n')],
    told: /core and ports are pure/,
  },
  {
    rule: waitingCore,
    says: "the core waits for nothing",
    broken: [sourceFile("src/core/plan/x.ts", "export async function f() {}\n")],
    told: /waiting is the engine's/,
  },
];

describe("the layers", () => {
  it.each(RULES)("$says", ({ rule, broken, told }) => {
    expect(report(rule(broken))).toMatch(told);
    expect(report(rule(files))).toBe("");
  });

  it("look at every file", () => {
    expect(files.length).toBeGreaterThan(300);
  });
});
