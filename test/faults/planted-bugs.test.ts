import { describe, expect, it } from "vitest";
import { runSimulated } from "./campaign.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";

/** More than any of them takes: the hunt ends when its bug is found. */
const SCHEDULES = 1_200;

describe("the campaign finds", () => {
  it.each(PLANTED_BUGS)("$name", { timeout: 60_000 }, async ({ plant, foundBy }) => {
    const found = await runSimulated({ seed: 7, schedules: SCHEDULES, plant, until: foundBy });
    const checkers = found.failures.flatMap(({ violations }) => violations.map(({ checker }) => checker));
    expect(checkers).toContain(foundBy);
  });
});
