/**
 * What a step costs beyond its own work. The floor does by hand what every step needs: a process, a file for its output
 * and two durable commits. All run in turn, in the same process on the same database, so that only their ratios count.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { createStore } from "../../src/adapters/store/store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import type { BuildConfig } from "../../src/core/build/build-config.ts";
import { createBuildWorld } from "../builds/build-world.ts";
import { startTestCluster } from "../support/cluster.ts";
import type { InstalledPeers } from "./install-peers.ts";
import { median } from "./medians.ts";
import { installedPeers, type Peer, type Shape, systemPeers } from "./peer-runs.ts";
import { timePeer } from "./time-peer.ts";

export interface StepOverhead {
  readonly shape: Shape;
  readonly steps: number;
  readonly rounds: number;
  /** Medians, milliseconds a step. */
  readonly floorMs: number;
  readonly engineMs: number;
  /** Median of the rounds' ratios, and their range. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
  /** Milliseconds a step with their own start; those that could not run are missing. */
  readonly peers: readonly { readonly name: string; readonly keepsRecord: string; readonly stepMs: number }[];
}

interface Sample {
  readonly floorMs: number;
  readonly engineMs: number;
}

/** So slow that it gets fewer steps, or one would wait for it alone. */
const SLOW = "gitlab-ci-local";
const SLOW_STEPS = 20;
const PEER_ROUNDS = 3;

/** Measures steps that do nothing, `rounds` times. */
export async function measureStepOverhead(
  { shape, steps, rounds }: { readonly shape: Shape; readonly steps: number; readonly rounds: number },
  installed: InstalledPeers | undefined,
): Promise<StepOverhead> {
  await using cluster = await startTestCluster();
  const config = await cluster.database();
  const store = await createStore({ connection: config, clock: systemClock, ids: systemIds });
  if (!store.ok) throw new Error(store.error.summary);
  const samples: Sample[] = [];
  try {
    await using world = createBuildWorld({ eventLog: store.value.eventLog });
    const timed = async (run: () => Promise<unknown>) => {
      const startedMs = performance.now();
      await run();
      return (performance.now() - startedMs) / steps;
    };
    await world.run(nothing(3, shape)); // everything loaded once
    for (let round = 0; round < rounds; round += 1) {
      const floorMs = await timed(() => runFloor(config, steps, shape));
      const engineMs = await timed(() => world.run(nothing(steps, shape)));
      samples.push({ floorMs, engineMs });
    }
  } finally {
    await store.value.close();
  }
  const ratios = samples.map(({ floorMs, engineMs }) => engineMs / floorMs);
  return {
    ...{ shape, steps, rounds },
    floorMs: median(samples.map((sample) => sample.floorMs)),
    engineMs: median(samples.map((sample) => sample.engineMs)),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    peers: measurePeers(shape, steps, installed),
  };
}

/** Two-wide: each step waits for the one before the one before it. */
function nothing(steps: number, shape: Shape): BuildConfig {
  const [first, ...rest] = Array.from({ length: steps }, (_, step) => {
    const waitFor = shape === "chain" ? {} : { waitFor: [step < 2 ? "-" : `s${step - 2}`] };
    return { name: "bash", entrypoint: "true", id: `s${step}`, ...waitFor };
  });
  if (first === undefined) throw new RangeError("steps must be at least 1");
  return { steps: [first, ...rest] };
}

async function runFloor(config: ClientConfig, steps: number, shape: Shape): Promise<void> {
  const lanes = shape === "chain" ? 1 : 2;
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(config, steps / lanes, lane)));
}

async function runLane(config: ClientConfig, steps: number, lane: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mobius-floor-"));
  const client = new Client(config);
  await client.connect();
  await client.query(`CREATE TABLE IF NOT EXISTS floor_${lane} (step int, what text)`);
  const commit = (step: number, what: string) =>
    client.query(`INSERT INTO floor_${lane} VALUES ($1, $2)`, [step, what]);
  for (let step = 0; step < steps; step += 1) {
    await commit(step, "started");
    const output = openSync(join(folder, `step-${step}.log`), "a");
    const child = spawn("true", { stdio: ["ignore", output, output], env: { PATH: process.env.PATH ?? "" } });
    await new Promise((ended) => child.on("exit", ended));
    closeSync(output);
    await commit(step, "ended");
  }
  await client.end();
  rmSync(folder, { recursive: true });
}

function measurePeers(shape: Shape, steps: number, installed: InstalledPeers | undefined): StepOverhead["peers"] {
  const peers: readonly Peer[] = [...systemPeers, ...(installed === undefined ? [] : installedPeers(installed))];
  return peers.flatMap((peer) => {
    if (!peer.shapes.includes(shape)) return [];
    const count = peer.name === SLOW ? SLOW_STEPS : steps;
    const commands = Array.from({ length: count }, () => "/bin/true");
    const runs = Array.from({ length: PEER_ROUNDS }, () =>
      timePeer(peer, { commands, shape, env: installed?.env ?? process.env }),
    ).flatMap((run) => run ?? []);
    if (runs.length < PEER_ROUNDS) return [];
    const { name, keepsRecord } = peer;
    return [{ name, keepsRecord, stepMs: median(runs.map(({ ms }) => ms / count)) }];
  });
}
