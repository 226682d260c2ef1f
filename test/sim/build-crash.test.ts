import { describe, expect, it } from "vitest";
import type { BuildConfig } from "../../src/core/build/build-config.ts";
import { buildStatus, isEnded } from "../../src/core/build/state.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { err } from "../../src/core/values/result.ts";
import { instant } from "../../src/core/values/time.ts";
import { createBuildEngine } from "../../src/engine/builds/build-engine.ts";
import { loadBuild } from "../../src/engine/builds/build-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { createMemoryEventLog } from "../../src/ports/event-log.fake.ts";
import type { EventLog } from "../../src/ports/event-log.ts";
import { createFakeStepExecutor, type FakeStepExecutor } from "../../src/ports/step-executor.fake.ts";
import type { StepExecutor } from "../../src/ports/step-executor.ts";
import { createMemoryStepLogs } from "../../src/ports/step-logs.fake.ts";
import type { StepLogs } from "../../src/ports/step-logs.ts";

// Every build below is run once for each place where its server can die: before and after each call to the outside.
// A second server, and a third that the second one leaves, must bring it to a truthful end.

const step = (index: number, env: readonly string[], waitFor?: readonly string[]) => ({
  name: "ubuntu",
  id: `s${index}`,
  args: ["true"],
  env,
  ...(waitFor === undefined ? {} : { waitFor }),
});
const AGAIN = ["MOBIUS_IDEMPOTENT=1"];
const ONCE: readonly string[] = [];

const scenarios: Readonly<Record<string, { readonly config: BuildConfig; readonly ends: readonly string[] }>> = {
  "repeatable steps, two side by side": {
    config: { steps: [step(0, AGAIN), step(1, AGAIN, ["s0"]), step(2, AGAIN, ["s0"]), step(3, AGAIN)] },
    ends: ["SUCCESS"],
  },
  "a step that may run once only": {
    config: { steps: [step(0, AGAIN), step(1, ONCE), step(2, AGAIN)] },
    ends: ["SUCCESS", "FAILURE"],
  },
  "a step that fails": {
    config: { steps: [step(0, AGAIN), { ...step(1, AGAIN), args: ["false"] }, step(2, AGAIN)] },
    ends: ["FAILURE"],
  },
};

interface Disk {
  readonly log: EventLog;
  readonly executor: FakeStepExecutor;
  readonly logs: StepLogs;
  /** The server that runs now; its steps die with it. */
  server: Fate;
}

/** Lets calls pass until the server dies; from then on nothing answers, and nothing has an effect. */
interface Fate {
  readonly diesAt: number;
  readonly when: "before" | "after";
  calls: number;
}

function mortal<A extends readonly unknown[], R>(fate: Fate, call: (...args: A) => Promise<R>) {
  return (...args: A): Promise<R> => {
    const turn = fate.calls++;
    if (turn < fate.diesAt) return call(...args);
    if (turn === fate.diesAt && fate.when === "after") void call(...args);
    return new Promise(() => {});
  };
}

function createDisk(server: Fate): Disk {
  const executor = createFakeStepExecutor(async ({ config }) => {
    const owner = disk.server;
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    if (owner.calls > owner.diesAt) return new Promise(() => {}); // ended with its server: no record
    return { kind: "exited", code: config.args?.[0] === "false" ? 1 : 0 };
  });
  const disk: Disk = { log: createMemoryEventLog(), executor, logs: createMemoryStepLogs(), server };
  return disk;
}

/** Time stands still: no deadline passes here, and a wait ends only by being called off. */
const clock: Clock = {
  now: () => instant(1_000),
  monotonicMs: () => 0,
  sleep: (_, signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
};

function startServer(disk: Disk, fate: Fate) {
  const executor: StepExecutor = {
    open: mortal(fate, async (build) => {
      const session = await disk.executor.open(build);
      return { ...session, start: mortal(fate, session.start), close: mortal(fate, session.close) };
    }),
    gap: disk.executor.gap,
    recorded: mortal(fate, disk.executor.recorded),
    sweep: mortal(fate, disk.executor.sweep),
  };
  return createBuildEngine({
    eventLog: { ...disk.log, append: mortal(fate, disk.log.append) as EventLog["append"], read: disk.log.read },
    executor,
    stepLogs: disk.logs,
    clock,
    ids: { uuid: () => "b-1", randomHex: () => "00" },
    buildsDirectory: "/builds",
    stepEnvironment: mortal(fate, async () => ({ env: {}, secretEnv: {} })),
    accessSecret: async () => err("none here"),
  });
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 400; turn++) await Promise.resolve();
}

/** Runs a build under servers with the given fates, the last of which does not die. */
async function play(config: BuildConfig, fates: readonly Fate[]): Promise<Disk> {
  const disk = createDisk(immortal());
  const submission = { project: "p1", location: "global", config, actor: actorId("system", "") };
  for (const [index, fate] of fates.entries()) {
    disk.server = fate;
    const engine = startServer(disk, fate);
    void (index === 0 ? engine.submit(submission) : engine.recover());
    await settle();
  }
  return disk;
}

function checkTruth(disk: Disk, build: Awaited<ReturnType<typeof loadBuild>>, ends: readonly string[]): void {
  if (build === undefined) {
    expect(disk.executor.started).toEqual([]); // it died before the build existed
    return;
  }
  expect(isEnded(build)).toBe(true);
  expect(ends).toContain(buildStatus(build));
  expect(disk.executor.running()).toEqual([]);
  expect(new Set(disk.executor.started).size).toBe(disk.executor.started.length);
  for (const key of disk.executor.records.keys()) {
    const [id, index, attempt] = key.split("/");
    const later = disk.executor.started.filter((other) => {
      const [, otherIndex, otherAttempt] = other.split("/");
      return otherIndex === index && Number(otherAttempt) > Number(attempt);
    });
    expect(later, `${id} step ${index} ended in try ${attempt} and ran again`).toEqual([]);
  }
  for (const [index, one] of build.config.steps.entries()) {
    const runs = disk.executor.started.filter((key) => key.split("/")[1] === String(index)).length;
    if (one.env?.length === 0) expect(runs).toBeLessThanOrEqual(1);
  }
}

const immortal = (): Fate => ({ diesAt: Number.POSITIVE_INFINITY, when: "before", calls: 0 });

describe.each(Object.entries(scenarios))("%s", (_, { config, ends }) => {
  it("comes to a truthful end wherever its server dies, once or twice", async () => {
    const whole = immortal();
    const disk = await play(config, [whole]);
    checkTruth(disk, await loadBuild(disk.log, "b-1"), ends);
    const calls = whole.calls;
    expect(calls).toBeGreaterThan(10);
    let schedules = 0;
    for (let first = 0; first < calls; first++) {
      for (const when of ["before", "after"] as const) {
        for (const second of [undefined, ...Array.from({ length: calls }, (_, index) => index)]) {
          const fates = [
            { diesAt: first, when, calls: 0 },
            ...(second === undefined ? [] : [{ diesAt: second, when, calls: 0 }]),
          ];
          const world = await play(config, [...fates, immortal()]);
          checkTruth(world, await loadBuild(world.log, "b-1"), ends);
          schedules++;
        }
      }
    }
    expect(schedules).toBe(calls * 2 * (calls + 1));
  });
});
