import { describe, expect, it } from "vitest";
import { checklistAnswer } from "./checklist-rows.ts";

const MARK = "<!-- mobius:before production -->";
const answer = (...lines: readonly string[]) => checklistAnswer(lines.join("\n"), "production", "2026-11-27-prod");

describe("checklistAnswer", () => {
  it.each([
    [`| 5 | Secrets are there ${MARK} | ☑ | 2026-11-27-prod, Ada |`, true],
    [`| 5 | Secrets are there ${MARK} | [x] | 2026-11-27-prod |`, true],
    [`- [x] Secrets are there, for 2026-11-27-prod ${MARK}`, true],
    [`1. [X] Secrets are there (2026-11-27-prod) ${MARK}`, true],
    [`| 5 | Secrets are there ${MARK} | ☐ | 2026-11-27-prod |`, false],
    [`| 5 | Secrets are there ${MARK} | ☑ | 2026-10-01-prod |`, false],
    [`| 5 | Secrets are there ${MARK} | ☑ | 2026-11-27-prod-2 |`, false],
    [`| 5 | Secrets are there ${MARK} | ☑ | |`, false],
    [`- [ ] Secrets are there, for 2026-11-27-prod ${MARK}`, false],
  ])("takes the row %s for ticked: %s", (row, isTicked) => {
    const { asked, open } = answer(row);
    expect([asked, open.length]).toEqual([1, isTicked ? 0 : 1]);
  });

  it("asks rows of this environment only, and none in a code block", () => {
    const staging = "| 1 | x <!-- mobius:before staging --> | ☐ | |";
    expect(answer(staging, "```", `- [ ] y ${MARK}`, "```", "- [ ] z", "| 2 | w | ☐ | |")).toEqual({
      asked: 0,
      open: [],
    });
  });

  it("shows what a row says, and not how it is written", () => {
    const long = `| 5 | ${"very ".repeat(40)}long ${MARK} | ☐ | |`;
    expect(answer(`| 5 | Secrets are there ${MARK} | ☐ | |`).open).toEqual(["5 Secrets are there"]);
    expect(answer(long).open[0]).toHaveLength(80);
  });
});
