/**
 * What an isolated step from an image costs: the `docker` command against the engine's two ways to run containers, each
 * through a whole build. All run in turn. The ways differ in what they isolate; docs/benchmarks.md says how.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildWorld, createBuildWorld } from "../builds/build-world.ts";
import { type ExecutorName, missing, startExecutor } from "../builds/executors.ts";
import { median } from "./medians.ts";

export interface ContainerSteps {
  readonly steps: number;
  readonly rounds: number;
  /** Milliseconds a step, medians; the first is the base. */
  readonly ways: readonly { readonly name: string; readonly stepMs: number }[];
}

const IMAGE = "busybox";
const CONTAINERS: readonly ExecutorName[] = ["docker", "oci"];

/** Undefined, and said aloud, where this machine has not both. */
export async function measureContainerSteps(steps: number, rounds: number): Promise<ContainerSteps | undefined> {
  const lacking = CONTAINERS.flatMap((name) => missing(name) ?? []);
  if (lacking.length > 0) {
    console.warn(`SKIPPED: steps in containers: ${lacking.join("; ")}`);
    return undefined;
  }
  await using docker = await startExecutor("docker");
  await using oci = await startExecutor("oci");
  const worlds: { readonly name: string; readonly world: BuildWorld }[] = [];
  for (const [name, parts] of [
    ["mobius, docker", docker],
    ["mobius, oci", oci],
  ] as const) {
    const directory = mkdtempSync(join(tmpdir(), "mobius-builds-"));
    worlds.push({ name, world: createBuildWorld({ executor: await parts.make(directory) }, directory) });
  }
  const config = { steps: Array.from({ length: steps }, () => ({ name: IMAGE, args: ["true"] })) };
  const ways: { readonly name: string; readonly run: () => Promise<unknown> }[] = [
    { name: "docker run", run: async () => dockerRuns(steps, []) },
    { name: "docker run --network none", run: async () => dockerRuns(steps, ["--network", "none"]) },
    ...worlds.map(({ name, world }) => ({ name, run: () => world.run(config) })),
  ];
  const samples = new Map(ways.map(({ name }) => [name, [] as number[]]));
  try {
    for (const { world } of worlds) await world.run({ steps: config.steps.slice(0, 1) }); // fetches the image
    for (let round = 0; round < rounds; round++) {
      for (const { name, run } of ways) {
        const startedMs = performance.now();
        await run();
        samples.get(name)?.push((performance.now() - startedMs) / steps);
      }
    }
  } finally {
    for (const { world } of worlds) await world[Symbol.asyncDispose]();
  }
  return { steps, rounds, ways: ways.map(({ name }) => ({ name, stepMs: median(samples.get(name) ?? []) })) };
}

function dockerRuns(steps: number, options: readonly string[]): void {
  for (let step = 0; step < steps; step++) execFileSync("docker", ["run", "--rm", ...options, IMAGE, "true"]);
}
