import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rolledBack, someRelease } from "../../../test/support/release-values.ts";
import type { Release } from "../release/state.ts";
import { newChecklist, type ProofsOf, withProofs } from "./checklist.ts";
import { type Promotion, proofsFor } from "./release-proofs.ts";

const golden = (name: string) => join(import.meta.dirname, "../../../test/fixtures/records", name);
const PROMOTION = { from: "staging", to: "production" };

const checklistAfter = (text: string | undefined, promotion: Promotion, release: Release) =>
  withProofs(text ?? newChecklist(promotion), proofsFor(promotion, release));

const WRITTEN = `# Production build checklist

Words of people, with trailing spaces.  

- [ ] Staging release succeeded <!-- mobius:proof staging released -->
- [x] Images have digests <!-- mobius:proof staging images-by-digest -->
- [ ] Ada looked at it
1. [ ] Databases are backed up <!-- mobius:proof staging backed-up -->

\`\`\`
- [ ] An example <!-- mobius:proof staging released -->
\`\`\`

| # | what | status | evidence |
|---|---|:-:|---|
| 1 | Staging release of this manifest succeeded | ☐ | |
| 2 | Checks \\| passed <!-- mobius:proof staging verified --> | Pending | see below |
| 3 | Backed up in production <!-- mobius:proof production backed-up --> | ⬜ | |
| 4 | The staging release has not failed | ☐ | |
`;

const NOTHING: ProofsOf = { environment: "staging", proved: [], evidence: "", prerequisite: ["The staging pipeline."] };
const ALL: ProofsOf = {
  ...NOTHING,
  proved: ["released", "verified", "backed-up", "migrated", "images-by-digest", "logged"],
  evidence: "[REL-7](release_logs/2026-09-staging.md#rel-7)",
};

describe("the checklist", () => {
  it("gets the prerequisite, ticks and evidence where a release proves a row", async () => {
    await expect(checklistAfter(WRITTEN, PROMOTION, someRelease())).toMatchFileSnapshot(golden("checklist.md"));
  });

  it("is made where there is none", async () => {
    await expect(checklistAfter(undefined, PROMOTION, someRelease())).toMatchFileSnapshot(golden("checklist-new.md"));
  });

  it("loses our ticks, and no other, when a newer release proves nothing", () => {
    const ticked = checklistAfter(WRITTEN, PROMOTION, someRelease());
    const withdrawn = checklistAfter(ticked, PROMOTION, rolledBack());
    expect(withdrawn).toContain("rolled-back, 0 of 1 checks passed");
    expect(withoutBlock(withdrawn)).toBe(WRITTEN);
  });

  it("leaves a tick of people's where it is", () => {
    const text = "- [x] Done by hand <!-- mobius:proof staging released -->\n";
    expect(withProofs(text, { ...ALL, environment: "staging" })).toContain(text);
    const { prerequisite: _, ...target } = NOTHING;
    expect(withProofs(text, target)).toBe(text);
  });

  it("changes nothing but its own parts, whatever the text is", () => {
    const cell = fc.constantFrom("☐", "[ ]", " ", "", "Pending", "x", "☑", "✅", "a\\|b");
    const mark = fc.constantFrom("", " <!-- mobius:proof staging released -->", " <!-- mobius:proof dev logged -->");
    const task = fc.tuple(fc.constantFrom("- [ ] ", "* [x] ", "1. [ ] ", "- "), fc.string(), mark);
    const row = fc.tuple(mark, cell, cell, cell).map(([m, ...cells]) => `| w${m} | ${cells.join(" |")}|`);
    const line = fc.oneof(
      task.map((parts) => parts.join("").replaceAll(/[\r\n]/g, "")),
      row,
      fc.string(),
      fc.constantFrom("```", "# Heading", ""),
    );
    const text = fc
      .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom("\n", "\r\n"))
      .map(([lines, end]) => lines.join(end));
    const { prerequisite: _, ...target } = ALL;
    fc.assert(
      fc.property(text, (before) => {
        const once = withProofs(before, target);
        expect(withProofs(once, target)).toBe(once);
        expect(withProofs(once, { ...target, proved: [] })).toBe(before);
        const whole = withProofs(before, ALL);
        expect(withProofs(whole, ALL)).toBe(whole);
      }),
      { numRuns: 1_000 },
    );
  });
});

function withoutBlock(text: string): string {
  return text.replace(/\n<!-- mobius:prerequisite staging -->\n[\s\S]*?<!-- \/mobius:prerequisite staging -->\n/, "");
}
