/**
 * `npm run faults -- --simulated N --seed S`: the campaign. Prints what was tried and what was found, with the seeds; exit 1
 * where an invariant was violated. `--only I` plays schedule I of the campaign alone, which replays a violation.
 */
import { parseArgs } from "node:util";
import { type Campaign, runSimulated } from "./campaign.ts";
import { scheduleText } from "./schedule.ts";

const { values } = parseArgs({
  options: {
    simulated: { type: "string", default: "2400" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const seed = wholeNumber("--seed", values.seed);
const only = values.only === undefined ? undefined : wholeNumber("--only", values.only);

const startedMs = performance.now();
const campaign = await runSimulated({
  seed,
  schedules: only === undefined ? wholeNumber("--simulated", values.simulated) : 1,
  ...(only === undefined ? {} : { from: only }),
  onDone: (done, failed) => {
    if (done % 500 === 0) process.stderr.write(`  ${done} schedules, ${failed} with violations\n`);
  },
});
for (const line of simulatedLines(campaign, performance.now() - startedMs)) console.log(line);
const { length } = campaign.failures;
console.log(length === 0 ? "No invariant was violated." : `${length} schedules violated an invariant.`);
process.exitCode = length === 0 ? 0 : 1;

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${option} takes a whole number, not "${text}".`);
  process.exit(2);
}

function simulatedLines({ schedules, byClass, ends, failures }: Campaign, durationMs: number): readonly string[] {
  const counts = Object.entries(byClass).map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`);
  const told = Object.entries(ends).map(([end, count]) => `${count} ${end.replace("ended ", "")}`);
  const found = failures.flatMap(({ index, schedule, violations }) => [
    `${scheduleText(schedule)}`,
    ...violations.map(({ checker, what }) => `    ${checker}: ${what}`),
    `    again: npm run faults -- --seed ${seed} --only ${index}`,
  ]);
  return [
    `${schedules} simulated schedules from seed ${seed} in ${(durationMs / 1_000).toFixed(0)} s:`,
    ...counts,
    `  releases ended ${told.join(", ")}`,
    ...found,
  ];
}
