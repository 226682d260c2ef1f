import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as habits from "./house/habits.ts";
import { ROOT, report, type SourceFile, sourceFile, sourceFiles, type Violation } from "./house/source-files.ts";

const files = [...sourceFiles("src"), ...sourceFiles("test").filter((file) => !file.path.startsWith("test/house/"))];

/** Rules, what breaks each, and what that is told. */
const RULES: readonly {
  readonly rule: (files: readonly SourceFile[]) => readonly Violation[];
  readonly says: string;
  readonly broken: SourceFile;
  readonly told: RegExp;
}[] = [
  {
    rule: habits.shortFiles,
    says: "files are short",
    broken: sourceFile("src/core/plan/x.ts", "\n".repeat(500)),
    told: /500 lines, more than/,
  },
  {
    rule: habits.tellingNames,
    says: "names of folders and files say what is in them",
    broken: sourceFile("src/core/utils/x.ts", ""),
    told: /a name that says nothing/,
  },
  {
    rule: habits.tellingNames,
    says: "folders are not deep",
    broken: sourceFile("src/a/b/c/d/x.ts", ""),
    told: /4 folders deep/,
  },
  {
    rule: habits.documentedExports,
    says: "exported functions, classes and values are documented",
    broken: sourceFile("src/core/plan/x.ts", "export function f(): void {}\n"),
    told: /f has no doc comment/,
  },
  {
    rule: habits.glossaryWords,
    says: "exported names use the glossary's words",
    broken: sourceFile("src/core/plan/x.ts", "export class RolloutManager {}\n"),
    told: /RolloutManager: say what it does/,
  },
  {
    rule: habits.noBooleanParameters,
    says: "exported functions take no bare booleans",
    broken: sourceFile("src/core/plan/x.ts", "export function f(name: string, force: boolean): void {}\n"),
    told: /a boolean parameter/,
  },
  {
    rule: habits.noNull,
    says: "null comes from outside only",
    broken: sourceFile("src/core/plan/x.ts", "const x = null;\n"),
    told: /null: use undefined/,
  },
  {
    rule: habits.nothingLeft,
    says: "nothing is left for later",
    broken: sourceFile("src/core/plan/x.ts", `// ${"TO"}${"DO"}: later\n`),
    told: /do it, or open an issue/,
  },
  {
    rule: habits.noSleepingTests,
    says: "tests do not sleep",
    broken: sourceFile("src/core/plan/x.test.ts", "await new Promise((done) => setTimeout(done, 2_000));\n"),
    told: /a test that sleeps/,
  },
  {
    rule: habits.explainedProblems,
    says: "every problem is documented and shown in a test",
    broken: sourceFile("src/core/plan/problems.ts", 'const p = { code: "never-heard-of", severity: "error" };\n'),
    told: /never-heard-of has no section[\s\S]*never-heard-of is shown whole in no test/,
  },
];

describe("the habits", () => {
  it.each(RULES)("$says", ({ rule, broken, told }) => {
    expect(report(rule([broken]))).toMatch(told);
    expect(report(rule(files))).toBe("");
  });

  it("keep docs/errors.md sorted, with sections of problems that exist", () => {
    const sections = [...readFileSync(join(ROOT, "docs/errors.md"), "utf8").matchAll(/^## (\S+)$/gm)].map(
      (match) => match[1],
    );
    expect(sections).toEqual([...sections].sort());
    const text = files.map((file) => file.text).join("\n");
    expect(sections.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });
});
