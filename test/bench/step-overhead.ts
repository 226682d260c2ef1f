/**
 * What a step costs beyond its own work. The floor does by hand what every step needs: a process, a file for its output
 * and two durable commits. Both run in turn, in the same process on the same database, so that only their ratio counts.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { createStore } from "../../src/adapters/store/store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { createBuildWorld } from "../builds/build-world.ts";
import { startTestCluster } from "../support/cluster.ts";

export interface StepOverhead {
  readonly steps: number;
  readonly rounds: number;
  /** Medians, milliseconds a step. */
  readonly floorMs: number;
  readonly engineMs: number;
  /** Median of the rounds' ratios, and their range. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Measures a chain of steps that do nothing, `rounds` times. */
export async function measureStepOverhead(steps: number, rounds: number): Promise<StepOverhead> {
  await using cluster = await startTestCluster();
  const config = await cluster.database();
  const store = await createStore({ connection: config, clock: systemClock, ids: systemIds });
  if (!store.ok) throw new Error(store.error.summary);
  const samples: { floorMs: number; engineMs: number }[] = [];
  try {
    await using world = createBuildWorld({ eventLog: store.value.eventLog });
    const build = { steps: Array.from({ length: steps }, () => ({ name: "bash", entrypoint: "true" })) };
    const timed = async (run: () => Promise<unknown>) => {
      const startedMs = performance.now();
      await run();
      return (performance.now() - startedMs) / steps;
    };
    await world.run({ steps: build.steps.slice(0, 3) }); // everything loaded once
    for (let round = 0; round < rounds; round += 1) {
      const floorMs = await timed(() => runFloor(config, steps));
      const engineMs = await timed(() => world.run(build));
      samples.push({ floorMs, engineMs });
    }
  } finally {
    await store.value.close();
  }
  const ratios = samples.map(({ floorMs, engineMs }) => engineMs / floorMs);
  return {
    steps,
    rounds,
    floorMs: median(samples.map((sample) => sample.floorMs)),
    engineMs: median(samples.map((sample) => sample.engineMs)),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}

async function runFloor(config: ClientConfig, steps: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mobius-floor-"));
  const client = new Client(config);
  await client.connect();
  await client.query("CREATE TABLE IF NOT EXISTS floor (step int, what text)");
  for (let step = 0; step < steps; step += 1) {
    await client.query("INSERT INTO floor VALUES ($1, 'started')", [step]);
    const output = openSync(join(folder, `step-${step}.log`), "a");
    const child = spawn("true", { stdio: ["ignore", output, output], env: { PATH: process.env.PATH ?? "" } });
    await new Promise((ended) => child.on("exit", ended));
    closeSync(output);
    await client.query("INSERT INTO floor VALUES ($1, 'ended')", [step]);
  }
  await client.end();
  rmSync(folder, { recursive: true });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
