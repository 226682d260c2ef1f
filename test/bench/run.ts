/**
 * `npm run bench`: ratios measured side by side in one run; `--json` prints one object. docs/benchmarks.md says how, and
 * what came out. A comparison is a file that measures, and an entry in `sections` that prints.
 */
import { type ContainerSteps, measureContainerSteps } from "./container-steps.ts";
import { installPeers } from "./install-peers.ts";
import { rounded } from "./medians.ts";
import { measureNothingToDo, type NothingToDo } from "./nothing-to-do.ts";
import { LOADS, measureOutput, type OutputSpeed } from "./output-speed.ts";
import { measureRouterOverhead, type RouterOverhead } from "./router-overhead.ts";
import { measureStepOverhead, type StepOverhead } from "./step-overhead.ts";

const STEPS = 100;
/** A container takes so much longer. */
const CONTAINER_STEPS = 10;
const ROUNDS = 5;
const REQUESTS = 2_000;
/** Design: at most this many times the floor. */
const TARGET = 1.5;

const isJson = process.argv.includes("--json");
const peers = installPeers();

const chain = await measureStepOverhead({ shape: "chain", steps: STEPS, rounds: ROUNDS }, peers);
const twoWide = await measureStepOverhead({ shape: "two-wide", steps: STEPS, rounds: ROUNDS }, peers);
const containers = await measureContainerSteps(CONTAINER_STEPS, ROUNDS);
const nothing = measureNothingToDo(peers);
const router = await measureRouterOverhead(REQUESTS, ROUNDS);
const output: OutputSpeed[] = [];
for (const load of LOADS) output.push(await measureOutput(load, peers));

if (isJson) {
  const stepOverheadRatio = rounded(chain.ratio);
  const overhead = { stepOverheadRatio, target: TARGET, overhead: chain, twoWide };
  console.log(
    JSON.stringify(
      { ...overhead, ...(containers === undefined ? {} : { containers }), nothing, router, output },
      undefined,
      2,
    ),
  );
} else {
  const sections = [
    ...[chain, twoWide].flatMap(overheadLines),
    ...(containers === undefined ? [] : containerLines(containers)),
    ...nothingLines(nothing),
    ...routerLines(router),
    ...output.flatMap(outputLines),
  ];
  console.log(sections.join("\n"));
}

function overheadLines({ shape, steps, rounds, floorMs, engineMs, ...more }: StepOverhead): readonly string[] {
  const row = (name: string, ms: number, note: string) =>
    `  ${name.padEnd(16)} ${ms.toFixed(2).padStart(7)} ms a step  ${(ms / floorMs).toFixed(2).padStart(6)} × floor  ${note}`;
  const range = `${more.lowest.toFixed(2)} to ${more.highest.toFixed(2)}; target ${TARGET}`;
  return [
    `${steps} steps that do nothing, ${shape}, ${rounds} rounds in turn, medians:`,
    row("floor", floorMs, "process, file for output, two durable commits"),
    row("mobius", engineMs, `ratio ${more.ratio.toFixed(2)} (${range})`),
    ...more.peers.map(({ name, keepsRecord, stepMs }) => row(name, stepMs, `keeps ${keepsRecord}`)),
    "",
  ];
}

function containerLines({ steps, rounds, ways }: ContainerSteps): readonly string[] {
  const base = ways[0]?.stepMs ?? Number.NaN;
  const row = ({ name, stepMs }: ContainerSteps["ways"][number]) =>
    `  ${name.padEnd(28)} ${stepMs.toFixed(1).padStart(7)} ms a step  ${(stepMs / base).toFixed(3)} × docker run`;
  return [`${steps} containers that do nothing, ${rounds} rounds in turn, medians:`, ...ways.map(row), ""];
}

function nothingLines({ plans, peers: others }: NothingToDo): readonly string[] {
  const [first] = plans;
  const growth = (ms: number) => `${(ms / (first?.ms ?? Number.NaN)).toFixed(1)} × the first`;
  return [
    "Nothing to do, medians:",
    ...plans.map(({ modules, services, ms }) => {
      const name = `mobius, a plan of ${modules} modules, ${services} services`;
      return `  ${name.padEnd(46)} ${ms.toFixed(1).padStart(8)} ms  ${growth(ms)}`;
    }),
    ...others.map(({ name, nodes, ms }) => `  ${`${name}, ${nodes} nodes`.padEnd(46)} ${ms.toFixed(1).padStart(8)} ms`),
    "",
  ];
}

function routerLines({ requests, rounds, directUs, routedUs, ratio }: RouterOverhead): readonly string[] {
  return [
    `${requests} requests one after the other, ${rounds} rounds in turn, medians:`,
    `  instance, directly   ${directUs.toFixed(0).padStart(6)} µs a request`,
    `  through the router   ${routedUs.toFixed(0).padStart(6)} µs a request  ${ratio.toFixed(2)} × directly`,
    "",
  ];
}

function outputLines({ load, ways }: OutputSpeed): readonly string[] {
  const base = ways.find(({ name }) => name === "cmd | cat > file")?.megabytesPerSecond ?? Number.NaN;
  return [
    `Output, ${load}, MB/s of payload until all is stored, medians:`,
    ...ways.map(({ name, megabytesPerSecond: speed }) => {
      const ratio = `${(speed / base).toFixed(2)} × cmd | cat`;
      return `  ${name.padEnd(46)} ${rounded(speed).toString().padStart(7)} MB/s  ${ratio}`;
    }),
    "",
  ];
}
