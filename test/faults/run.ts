/**
 * `npm run faults -- --simulated N --real M --seed S`: the campaign. Prints what was tried and what was found, with the
 * seeds; exit 1 where an invariant was violated. `--only I` plays simulated schedule I of the campaign alone, `--only real:I`
 * a real one, which replays a violation. `--lanes L` plays the real ones on L installations at a time.
 */
import { parseArgs } from "node:util";
import { runSimulated } from "./campaign.ts";
import { runReal } from "./real/real-campaign.ts";
import { realScheduleText } from "./real/real-schedule.ts";
import { realLines, simulatedLines } from "./report.ts";

const { values } = parseArgs({
  options: {
    simulated: { type: "string", default: "2400" },
    real: { type: "string", default: "0" },
    lanes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const seed = wholeNumber("--seed", values.seed);
const simulated = await playSimulated();
const real = await playReal();
const violated = simulated + real;
console.log(violated === 0 ? "No invariant was violated." : `${violated} schedules violated an invariant.`);
process.exit(violated === 0 ? 0 : 1); // what a killed server left half open is of no interest

/** Plays them, prints what came of it, and gives how many violated an invariant. */
async function playSimulated(): Promise<number> {
  if (values.only?.startsWith("real:") === true) return 0;
  const only = values.only === undefined ? undefined : wholeNumber("--only", values.only);
  const schedules = only === undefined ? wholeNumber("--simulated", values.simulated) : 1;
  if (schedules === 0) return 0;
  const startedMs = performance.now();
  const campaign = await runSimulated({
    seed,
    schedules,
    ...(only === undefined ? {} : { from: only }),
    onDone: (done, failed) => {
      if (done % 500 === 0) process.stderr.write(`  ${done} simulated, ${failed} with violations\n`);
    },
  });
  for (const line of simulatedLines(campaign, performance.now() - startedMs)) console.log(line);
  return campaign.failures.length;
}

async function playReal(): Promise<number> {
  const [, only] = /^real:(.*)$/.exec(values.only ?? "") ?? [];
  const count = values.only === undefined ? wholeNumber("--real", values.real) : 0;
  const indexes = only === undefined ? [...Array(count).keys()] : [wholeNumber("--only real:", only)];
  if (indexes.length === 0) return 0;
  const startedMs = performance.now();
  let done = 0;
  const campaign = await runReal({
    seed,
    indexes,
    lanes: Math.max(1, wholeNumber("--lanes", values.lanes)),
    onDone: (schedule, { violations, ends }, seconds) => {
      done += 1;
      const came = [...ends, ...violations.map(({ checker }) => `VIOLATED ${checker}`)].join(", ");
      const about = `${realScheduleText(schedule)}: ${came}, ${seconds.toFixed(1)} s`;
      process.stderr.write(`  ${done} of ${indexes.length}: ${about}\n`);
    },
  });
  for (const line of realLines(campaign, performance.now() - startedMs)) console.log(line);
  return campaign.failures.length + (campaign.overall.length > 0 ? 1 : 0);
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${option} takes a whole number, not "${text}".`);
  process.exit(2);
}
