import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openExitRecords } from "../../src/adapters/executors/exit-records.ts";
import { markedProcesses } from "../../src/adapters/executors/marked-processes.ts";
import { stepStatus } from "../../src/core/build/state.ts";
import { ServerProcesses, until } from "./server-process.ts";

let servers: ServerProcesses;

beforeEach(() => {
  servers = new ServerProcesses();
});

afterEach(() => servers[Symbol.asyncDispose]());

const nothingLeft = () =>
  until("nothing is left", () => markedProcesses(servers.installation).length === 0 || undefined);

/** Notes that it ran; waits in its first try. */
const step = (index: number, script: string, env: readonly string[] = []) => ({
  name: "ubuntu",
  args: ["sh", "-c", `echo ran >> step-${index}; ${script}`],
  env,
});

it("after kill -9 a finished step is not repeated, a repeatable one runs again, and no process is left behind", {
  timeout: 90_000,
}, async () => {
  const waitOnce = "if [ ! -e once ]; then touch once; setsid sleep 300 & sleep 300; fi; echo through";
  const server = servers.start({
    steps: [step(0, "echo first"), step(1, waitOnce, ["MOBIUS_IDEMPOTENT=1"]), step(2, "echo third")],
  });
  const build = await servers.running(1);
  await until("its stray runs", () => markedProcesses(servers.installation).length >= 3 || undefined);
  await servers.kill(server);
  servers.start();
  const done = await servers.ended();
  expect(done.stage).toMatchObject({ status: "SUCCESS" });
  expect([0, 1, 2].map((index) => readFileSync(servers.workspace(build, `step-${index}`), "utf8"))).toEqual([
    "ran\n",
    "ran\nran\n",
    "ran\n",
  ]);
  expect(done.steps.map((state) => (state.name === "ended" ? state.try : 0))).toEqual([1, 2, 1]);
  expect(servers.log(build)).toBe(`starting build "${build.id}"

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
  await nothingLeft();
});

it("a step that may not be repeated makes the build fail and say so", { timeout: 90_000 }, async () => {
  const server = servers.start({ steps: [step(0, "sleep 300"), step(1, "true")] });
  const build = await servers.running(0);
  await servers.kill(server);
  servers.start();
  const done = await servers.ended();
  expect(done.stage).toMatchObject({
    status: "FAILURE",
    detail:
      'Build step failure: build step 0 "ubuntu" failed: the server ended while it ran; it is not declared repeatable',
  });
  expect(done.steps.map(stepStatus)).toEqual(["FAILURE", "QUEUED"]);
  expect(readFileSync(servers.workspace(build, "step-0"), "utf8")).toBe("ran\n");
  await nothingLeft();
});

it("a step whose end is on disk but not in the event log counts as finished", { timeout: 90_000 }, async () => {
  const server = servers.start({ steps: [step(0, "sleep 300"), step(1, "echo second")] });
  const build = await servers.running(0);
  await servers.kill(server);
  await until("its supervisor has ended it", () => markedProcesses(servers.installation).length === 0 || undefined);
  // The supervisor wrote the record, and the server died before it could append the event.
  const record = { id: "step-0-try-1", outcome: { kind: "exited", code: 0 } } as const;
  openExitRecords(join(servers.directory, "builds", build.id, "steps"))(record);
  servers.start();
  expect((await servers.ended()).stage).toMatchObject({ status: "SUCCESS" });
  expect(readFileSync(servers.workspace(build, "step-0"), "utf8")).toBe("ran\n");
});

it("deadlines outlive the server", { timeout: 90_000 }, async () => {
  const server = servers.start({ timeout: "1.5s", steps: [step(0, "sleep 300", ["MOBIUS_IDEMPOTENT=1"])] });
  const build = await servers.running(0);
  await servers.kill(server);
  servers.start();
  const done = await servers.ended();
  expect(done.stage).toMatchObject({ status: "TIMEOUT" });
  const deadline = build.stage.name === "working" ? build.stage.deadlineAt : 0;
  expect(done.stage.name === "ended" && done.stage.endedAt - deadline).toBeLessThan(4_000);
});
