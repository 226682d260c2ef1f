import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check } from "../faults/checkers.ts";
import { RealPlay } from "../faults/real/play-real.ts";
import { makeRealSchedule, type RealSchedule, realScheduleText } from "../faults/real/real-schedule.ts";
import { BEGINNING, readWitness } from "../faults/real/real-witness.ts";
import { RealWorld } from "../faults/real/real-world.ts";
import { DATABASE } from "../faults/real/small-platform.ts";

const LONG = 180_000;
const SEED = 1;

/** `npm run faults -- --real 200` plays hundreds; these are one of each kind that takes little time. */
const SCHEDULES: readonly RealSchedule[] = [
  { ...makeRealSchedule(SEED, 0), fault: { kind: "kill-points", points: ["shift:api:after"] } },
  makeRealSchedule(SEED, 6), // answers of the cloud that are lost
];

describe("the campaign with real processes in its short form", () => {
  let world: RealWorld;
  let play: RealPlay;

  beforeAll(async () => {
    world = await RealWorld.make();
    play = new RealPlay(world);
  }, LONG);
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(SCHEDULES.map((schedule) => [realScheduleText(schedule), schedule] as const))(
    "%s",
    {
      timeout: LONG,
    },
    async (_text, schedule) => {
      const { violations, ends, struck, kills } = await play.play(schedule);
      expect(violations).toEqual([]);
      expect(ends).toEqual(["ended succeeded"]);
      expect(struck + kills, "nothing went wrong, so nothing was tried").toBeGreaterThan(0);
    },
  );

  it("finds the whole history right, and the same after another start", { timeout: LONG }, async () => {
    expect(await play.judgeAll()).toEqual([]);
  });

  it("would have seen a migration that ran twice, and one that the ledger lost", { timeout: LONG }, async () => {
    const about = { before: {}, asked: [], isReachable: true, isHeld: false, strays: [], bugs: [] };
    await world.query("environment", "INSERT INTO effects SELECT * FROM effects LIMIT 1", [], DATABASE);
    await world.query("environment", "DELETE FROM mobius.migration_ledger", [], DATABASE);
    const found = check(await readWitness(world, { since: BEGINNING, ...about })).map(({ checker }) => checker);
    expect(found).toContain("effects-once");
    expect(found).toContain("log-and-world-agree");
  });
});
