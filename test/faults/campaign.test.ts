import { describe, expect, it } from "vitest";
import { runSimulated } from "./campaign.ts";
import { CLASSES, scheduleText } from "./schedule.ts";
import { STORIES } from "./stories.ts";

/** Every class of faults meets every story once; `npm run faults` plays thousands. */
const SCHEDULES = CLASSES.length * STORIES.length;

const violations = ({ failures }: Awaited<ReturnType<typeof runSimulated>>) =>
  failures.map((failure) => [scheduleText(failure.schedule), failure.violations]);

describe("the campaign in memory", () => {
  it("violates no invariant in its short form", { timeout: 60_000 }, async () => {
    const campaign = await runSimulated({ seed: 20_000, schedules: SCHEDULES });
    expect(violations(campaign)).toEqual([]);
    expect(Object.keys(campaign.byClass)).toHaveLength(CLASSES.length);
    // A campaign in which everything succeeds has tried nothing.
    for (const end of ["succeeded", "failed", "rolled-back", "cancelled"])
      expect(campaign.ends[`ended ${end}`]).toBeGreaterThan(0);
  });

  it("plays the same schedule again from the same seed", async () => {
    const play = async () => runSimulated({ seed: 3, from: 11, schedules: 3 });
    expect(await play()).toEqual(await play());
  });
});
