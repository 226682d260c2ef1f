/** A campaign of real schedules: counts by class, and what each violation was. */
import { type Played, RealPlay, type RealViolation } from "./play-real.ts";
import { canFillDisks } from "./real-faults.ts";
import { makeRealSchedule, type RealClass, type RealSchedule } from "./real-schedule.ts";
import { RealWorld } from "./real-world.ts";

export interface RealFailure {
  readonly schedule: RealSchedule;
  readonly violations: readonly RealViolation[];
}

export interface RealCampaign {
  readonly seed: number;
  readonly schedules: number;
  readonly byClass: Readonly<Partial<Record<RealClass, number>>>;
  /** How releases ended. */
  readonly ends: Readonly<Record<string, number>>;
  /** Servers that were killed while a release was under way. */
  readonly kills: number;
  /** Different kill points at which one died. */
  readonly points: number;
  /** Calls of the cloud that the proxy let fare ill. */
  readonly struck: number;
  /** Not played, since this machine cannot. */
  readonly skipped: number;
  readonly failures: readonly RealFailure[];
  /** Violations of whole histories. */
  readonly overall: readonly RealViolation[];
}

interface Done {
  readonly schedule: RealSchedule;
  readonly played: Played;
}

/**
 * Plays the schedules with these numbers, those of one lane one after another on an installation of its own. `onDone` hears
 * of each.
 */
export async function runReal(request: {
  readonly seed: number;
  readonly indexes: readonly number[];
  /** Installations that are worked on at a time. */
  readonly lanes: number;
  readonly onDone?: (schedule: RealSchedule, played: Played, seconds: number) => void;
}): Promise<RealCampaign> {
  const { seed, indexes, lanes, onDone = () => {} } = request;
  const hasSmallDisks = await canFillDisks();
  const all = indexes.map((index) => makeRealSchedule(seed, index));
  const playable = all.filter(({ fault }) => fault.kind !== "disk" || hasSmallDisks);
  const dealt = Array.from({ length: lanes }, (_, lane) => playable.filter((_, place) => place % lanes === lane));
  const results = await Promise.all(dealt.map((schedules) => playLane(schedules, onDone)));
  const done = results.flatMap((result) => result.done);
  return {
    seed,
    schedules: done.length,
    byClass: countOf(done.map(({ schedule }) => schedule.faultClass)),
    ends: countOf(done.flatMap(({ played }) => played.ends)),
    kills: sum(done.map(({ played }) => played.kills)),
    points: new Set(done.flatMap(pointsReached)).size,
    struck: sum(done.map(({ played }) => played.struck)),
    skipped: all.length - playable.length,
    failures: done.flatMap(({ schedule, played: { violations } }) =>
      violations.length === 0 ? [] : [{ schedule, violations }],
    ),
    overall: results.flatMap((result) => result.overall),
  };
}

async function playLane(
  schedules: readonly RealSchedule[],
  onDone: (schedule: RealSchedule, played: Played, seconds: number) => void,
): Promise<{ readonly done: readonly Done[]; readonly overall: readonly RealViolation[] }> {
  const done: Done[] = [];
  const overall: RealViolation[] = [];
  // What a violation has left would be held against the schedules after it: they get another installation.
  while (done.length < schedules.length) {
    await using world = await RealWorld.make();
    const play = new RealPlay(world);
    let isGood = true;
    for (const schedule of schedules.slice(done.length)) {
      const startedMs = performance.now();
      const played = await play.play(schedule);
      done.push({ schedule, played });
      onDone(schedule, played, (performance.now() - startedMs) / 1_000);
      isGood = played.violations.length === 0;
      if (!isGood) break;
    }
    if (isGood) overall.push(...(await play.judgeAll()));
  }
  return { done, overall };
}

function pointsReached({ schedule: { fault }, played }: Done): readonly string[] {
  return fault.kind === "kill-points" ? fault.points.slice(0, played.kills) : [];
}

function countOf<Name extends string>(
  names: readonly Name[],
): Readonly<Partial<Record<Name, number>>> & Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts as Record<Name, number>;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
