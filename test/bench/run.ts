/** `npm run bench`: ratios measured side by side in one run; `--json` prints one object. docs/benchmarks.md says how. */
import { measurePeers } from "./peers.ts";
import { measureStepOverhead } from "./step-overhead.ts";

const STEPS = 100;
const ROUNDS = 5;
/** Design: at most this many times the floor. */
const TARGET = 1.5;

const overhead = await measureStepOverhead(STEPS, ROUNDS);
const peers = measurePeers(STEPS);
if (process.argv.includes("--json")) {
  console.log(
    JSON.stringify({ stepOverheadRatio: round(overhead.ratio), target: TARGET, overhead, peers }, undefined, 2),
  );
} else {
  console.log(`A chain of ${STEPS} steps that do nothing, ${ROUNDS} rounds in turn, medians:`);
  console.log(`  floor   ${overhead.floorMs.toFixed(2)} ms a step: process, file for output, two durable commits`);
  console.log(`  engine  ${overhead.engineMs.toFixed(2)} ms a step`);
  console.log(
    `  ratio   ${overhead.ratio.toFixed(2)} (${overhead.lowest.toFixed(2)} to ${overhead.highest.toFixed(2)}; target ${TARGET})`,
  );
  console.log("Others, once, with their own start:");
  for (const { name, stepMs, keepsRecord } of peers) {
    const shown = stepMs === undefined ? "not installed" : `${stepMs.toFixed(2)} ms a step`;
    console.log(`  ${name.padEnd(10)} ${shown.padEnd(16)} keeps ${keepsRecord}`);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
