/** What a campaign prints: counts by class, how releases ended, and each violation with the command that replays it. */
import type { Campaign } from "./campaign.ts";
import type { RealCampaign } from "./real/real-campaign.ts";
import { KILL_POINTS, realScheduleText } from "./real/real-schedule.ts";
import { scheduleText } from "./schedule.ts";

/** Of the schedules in memory. */
export function simulatedLines(campaign: Campaign, durationMs: number): readonly string[] {
  const { seed, schedules, byClass, ends, failures } = campaign;
  const found = failures.flatMap(({ index, schedule, violations }) => [
    scheduleText(schedule),
    ...violationLines(violations),
    `    again: npm run faults -- --seed ${seed} --only ${index}`,
  ]);
  return [
    `${schedules} simulated schedules from seed ${seed} in ${seconds(durationMs)}:`,
    ...countLines(byClass),
    `  releases ended ${endsText(ends)}`,
    ...found,
  ];
}

/** Of the real ones. */
export function realLines(campaign: RealCampaign, durationMs: number): readonly string[] {
  const { seed, schedules, byClass, ends, kills, struck, points, skipped, failures, overall } = campaign;
  const found = failures.flatMap(({ schedule, violations }) => [
    realScheduleText(schedule),
    ...violationLines(violations),
    `    again: npm run faults -- --seed ${seed} --only real:${schedule.index}`,
  ]);
  return [
    `${schedules} schedules with real processes from seed ${seed} in ${seconds(durationMs)}:`,
    ...countLines(byClass),
    `  ${kills} servers killed under way, at ${points} of ${KILL_POINTS.length} named points; ${struck} calls of the cloud fared ill`,
    `  releases ended ${endsText(ends)}`,
    ...(skipped === 0 ? [] : [`  SKIPPED ${skipped}: a full disk needs root and its own mounts`]),
    ...found,
    ...(overall.length === 0 ? [] : ["the whole history:", ...violationLines(overall)]),
  ];
}

function countLines(byClass: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(byClass).map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`);
}

function endsText(ends: Readonly<Record<string, number>>): string {
  const counts = Object.entries(ends).map(([end, count]) => `${count} ${end.replace("ended ", "")}`);
  return counts.join(", ");
}

function violationLines(violations: readonly { readonly checker: string; readonly what: string }[]): readonly string[] {
  return violations.map(({ checker, what }) => `    ${checker}: ${what}`);
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(0)} s`;
}
