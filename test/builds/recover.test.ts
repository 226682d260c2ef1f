import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openExitRecords } from "../../src/adapters/executors/exit-records.ts";
import { markedProcesses } from "../../src/adapters/executors/marked-processes.ts";
import type { BuildConfig } from "../../src/core/build/build-config.ts";
import { type Build, isEnded, stepStatus } from "../../src/core/build/state.ts";
import { loadBuild } from "../../src/engine/builds/build-stream.ts";
import { buildDependencies } from "./build-world.ts";
import { openFileEventLog } from "./file-event-log.ts";

let directory: string;
let servers: ChildProcess[];
const installation = () => `test-${directory.split("-").at(-1)}`;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mobius-recover-"));
  servers = [];
});

afterEach(async () => {
  for (const server of servers) server.kill("SIGKILL");
  await buildDependencies(directory).executor.sweep();
  rmSync(directory, { recursive: true, force: true });
});

function startServer(config?: BuildConfig): ChildProcess {
  const file = join(directory, "build.json");
  if (config !== undefined) writeFileSync(file, JSON.stringify(config));
  const script = join(import.meta.dirname, "build-server.ts");
  const server = spawn(process.execPath, [script, directory, file], { stdio: ["ignore", "inherit", "inherit"] });
  servers.push(server);
  return server;
}

async function kill(server: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => server.on("exit", resolve));
  server.kill("SIGKILL");
  await gone;
}

async function until<T>(what: string, find: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The build as the event log on disk has it. */
async function onDisk(): Promise<Build | undefined> {
  if (!existsSync(join(directory, "submitted"))) return undefined;
  const id = readFileSync(join(directory, "submitted"), "utf8");
  return loadBuild(await openFileEventLog(join(directory, "events.jsonl")), id);
}

const ended = () =>
  until("the build ends", async () => {
    const build = await onDisk();
    return build !== undefined && isEnded(build) ? build : undefined;
  });
const workspace = (build: Build, file: string) => join(directory, "builds", build.id, "workspace", file);
const running = (step: number) =>
  until(`step ${step} runs`, async () => {
    const build = await onDisk();
    return build?.steps[step]?.name === "running" && existsSync(workspace(build, `step-${step}`)) ? build : undefined;
  });

/** Notes that it ran; waits in its first try. */
const step = (index: number, script: string, env: readonly string[] = []) => ({
  name: "ubuntu",
  args: ["sh", "-c", `echo ran >> step-${index}; ${script}`],
  env,
});

it("after kill -9 a finished step is not repeated, a repeatable one runs again, and no process is left behind", async () => {
  const waitOnce = "if [ ! -e once ]; then touch once; setsid sleep 300 & sleep 300; fi; echo through";
  const server = startServer({
    steps: [step(0, "echo first"), step(1, waitOnce, ["MOBIUS_IDEMPOTENT=1"]), step(2, "echo third")],
  });
  const build = await running(1);
  await until("its stray runs", () => markedProcesses(installation()).length >= 3 || undefined);
  await kill(server);
  startServer();
  const done = await ended();
  expect(done.stage).toMatchObject({ status: "SUCCESS" });
  expect([0, 1, 2].map((index) => readFileSync(workspace(build, `step-${index}`), "utf8"))).toEqual([
    "ran\n",
    "ran\nran\n",
    "ran\n",
  ]);
  expect(done.steps.map((state) => (state.name === "ended" ? state.try : 0))).toEqual([1, 2, 1]);
  expect(readFileSync(join(directory, "builds", build.id, "log.txt"), "utf8")).toBe(`starting build "${build.id}"

FETCHSOURCE
BUILD
Starting Step #0
Step #0: first
Finished Step #0
Starting Step #1
The server ended while step #1 ran; it is run again.
Starting Step #1
Step #1: through
Finished Step #1
Starting Step #2
Step #2: third
Finished Step #2
DONE
`);
  await until("nothing is left", () => markedProcesses(installation()).length === 0 || undefined);
});

it("a step that may not be repeated makes the build fail and say so", async () => {
  const server = startServer({ steps: [step(0, "sleep 300"), step(1, "true")] });
  const build = await running(0);
  await kill(server);
  startServer();
  const done = await ended();
  expect(done.stage).toMatchObject({
    status: "FAILURE",
    detail:
      'Build step failure: build step 0 "ubuntu" failed: the server ended while it ran; it is not declared repeatable',
  });
  expect(done.steps.map(stepStatus)).toEqual(["FAILURE", "QUEUED"]);
  expect(readFileSync(workspace(build, "step-0"), "utf8")).toBe("ran\n");
  await until("nothing is left", () => markedProcesses(installation()).length === 0 || undefined);
});

it("a step whose end is on disk but not in the event log counts as finished", async () => {
  const server = startServer({ steps: [step(0, "sleep 300"), step(1, "echo second")] });
  const build = await running(0);
  await kill(server);
  await until("its supervisor has ended it", () => markedProcesses(installation()).length === 0 || undefined);
  // The supervisor wrote the record, and the server died before it could append the event.
  const record = { id: "step-0-try-1", outcome: { kind: "exited", code: 0 } } as const;
  openExitRecords(join(directory, "builds", build.id, "steps"))(record);
  startServer();
  expect((await ended()).stage).toMatchObject({ status: "SUCCESS" });
  expect(readFileSync(workspace(build, "step-0"), "utf8")).toBe("ran\n");
});

it("deadlines outlive the server", async () => {
  const server = startServer({ timeout: "1.5s", steps: [step(0, "sleep 300", ["MOBIUS_IDEMPOTENT=1"])] });
  const build = await running(0);
  await kill(server);
  startServer();
  const done = await ended();
  expect(done.stage).toMatchObject({ status: "TIMEOUT" });
  const deadline = build.stage.name === "working" ? build.stage.deadlineAt : 0;
  expect(done.stage.name === "ended" && done.stage.endedAt - deadline).toBeLessThan(4_000);
});
