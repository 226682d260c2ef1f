/** A campaign of simulated schedules: counts by class, and what each violation was with its seed. */
import { present } from "../../src/core/values/assert.ts";
import { type CheckerName, check, type Violation } from "./checkers.ts";
import { type Course, type FaultClass, makeSchedule, type Schedule } from "./schedule.ts";
import { courseOf, type Plant, simulate } from "./simulate.ts";
import { STORIES } from "./stories.ts";
import { releasesOf, stageText, type Witness } from "./witness.ts";

export interface Failure {
  /** Its number in the campaign. */
  readonly index: number;
  readonly schedule: Schedule;
  readonly violations: readonly Violation[];
}

export interface Campaign {
  readonly seed: number;
  readonly schedules: number;
  readonly byClass: Readonly<Partial<Record<FaultClass, number>>>;
  /** How releases ended, over all schedules. */
  readonly ends: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
}

/** Plays `schedules` schedules from the seed on. `onDone` hears of each. */
export async function runSimulated(request: {
  readonly seed: number;
  readonly schedules: number;
  /** The first one's number, from 0. */
  readonly from?: number;
  readonly plant?: Plant;
  readonly onDone?: (done: number, failures: number) => void;
  /** Stops once this checker has objected. */
  readonly until?: CheckerName;
}): Promise<Campaign> {
  const { seed, plant, onDone } = request;
  const courses = new Map<string, Course>();
  for (const story of STORIES) courses.set(story.name, await courseOf(story));
  const byClass: Partial<Record<FaultClass, number>> = {};
  const ends: Record<string, number> = {};
  const failures: Failure[] = [];
  let done = 0;
  const isFound = () => failures.some(({ violations }) => violations.some(({ checker }) => checker === request.until));
  while (done < request.schedules && !isFound()) {
    const index = (request.from ?? 0) + done;
    const schedule = makeSchedule(seed, index, (story) => present(courses.get(story.name), story.name));
    done += 1;
    const { violations, witness } = await play(schedule, plant);
    byClass[schedule.faultClass] = (byClass[schedule.faultClass] ?? 0) + 1;
    for (const release of witness === undefined ? [] : releasesOf(witness)) {
      ends[stageText(release)] = (ends[stageText(release)] ?? 0) + 1;
    }
    if (violations.length > 0) failures.push({ index, schedule, violations });
    onDone?.(done, failures.length);
  }
  return { seed, schedules: done, byClass, ends, failures };
}

/** A schedule that cannot be played to its end is a violation, too. */
async function play(
  schedule: Schedule,
  plant: Plant | undefined,
): Promise<{ readonly violations: readonly Violation[]; readonly witness?: Witness }> {
  try {
    const witness = await simulate(schedule, plant);
    return { witness, violations: check(witness) };
  } catch (cause) {
    return {
      violations: [
        { checker: "no-bug", what: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) },
      ],
    };
  }
}
