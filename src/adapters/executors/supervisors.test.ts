import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../core/values/secret.ts";
import { instant } from "../../core/values/time.ts";
import { describeSupervisors } from "../../ports/processes.contract.ts";
import type { ProcessSpec, Supervisors } from "../../ports/processes.ts";
import { systemClock } from "../system/system-clock.ts";
import { readExitRecord } from "./exit-records.ts";
import { markedProcesses } from "./marked-processes.ts";
import { createSupervisors } from "./supervisors.ts";

const SUPERVISOR = resolve(import.meta.dirname, "../../main/supervisor.ts");

let directory: string;
let installationId: string;
let supervisors: Supervisors;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mobius-supervisor-"));
  installationId = `test${directory.slice(-6)}`;
  supervisors = create();
});

afterEach(async () => {
  await create().sweep(); // of another owner, so it ends whatever a failed test left
  rmSync(directory, { recursive: true, force: true });
});

function create(): Supervisors {
  // Two owners made within one millisecond are two owners all the same.
  const clock = { ...systemClock, now: () => instant(systemClock.now() + Math.floor(Math.random() * 1e6)) };
  return createSupervisors({ installationId, nodePath: process.execPath, supervisorScript: SUPERVISOR, clock });
}

/** As on a system without `/proc`. */
function createRecorded(): Supervisors {
  const clock = { ...systemClock, now: () => instant(systemClock.now() + Math.floor(Math.random() * 1e6)) };
  const recordsDirectory = join(directory, "records");
  const nodePath = process.execPath;
  return createSupervisors({
    installationId,
    nodePath,
    supervisorScript: SUPERVISOR,
    clock,
    recordsDirectory,
    findLeftoversBy: "records",
  });
}

function spec(id: string, script: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  const env = { PATH: process.env.PATH ?? "", GREETING: "hello" };
  return { id, argv: ["sh", "-c", script], cwd: directory, env, logPath: join(directory, `${id}.log`), ...more };
}

const log = (id: string) => readFileSync(join(directory, `${id}.log`), "utf8");
const alive = () => markedProcesses(installationId);

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describeSupervisors("real", async () => {
  const harness = {
    exits: (id: string, code: number) => spec(id, `exit ${code}`),
    lasts: (id: string) => spec(id, "sleep 300"),
  };
  return { supervisors, directory, ...harness, [Symbol.asyncDispose]: async () => {} };
});

describe("supervisors", () => {
  it("run a process with exactly its environment, and have its exit record on disk when it ends", async () => {
    const supervisor = await supervisors.open({ name: "build-1", directory });
    const running = await supervisor.start(spec("a", "env; echo oops >&2; exit 3"));
    expect(running.pid).toBeGreaterThan(1);
    const record = { id: "a", outcome: { kind: "exited", code: 3 } };
    expect(await running.exited).toEqual(record);
    expect(readExitRecord(directory, "a")).toEqual(record.outcome);
    // A shell adds PWD and its like by itself.
    const names = [...log("a").matchAll(/^(?!PWD|OLDPWD|SHLVL|_=)(\w+)=/gm)].map((match) => match[1]);
    expect(names.toSorted()).toEqual(["GREETING", "MOBIUS_PROCESS_MARK", "MOBIUS_PROCESS_OWNER", "PATH"]);
    expect(log("a")).toContain("oops");
    await supervisor.close();
    expect(alive()).toEqual([]);
  });

  it("add little to a process, and say what is not there", async () => {
    const supervisor = await supervisors.open({ name: "build-1", directory });
    const missing = await supervisor.start(spec("a", "", { argv: ["no-such-program"] }));
    expect((await missing.exited).outcome).toEqual({
      kind: "not-started",
      reason: 'exec: "no-such-program": executable file not found in $PATH',
    });
    const nowhere = await supervisor.start(spec("b", "true", { cwd: join(directory, "missing") }));
    expect((await nowhere.exited).outcome.kind).toBe("not-started");
    const before = performance.now();
    await (await supervisor.start(spec("c", "true"))).exited;
    expect(performance.now() - before).toBeLessThan(500);
    await supervisor.close();
  });

  it("hide secrets in both streams, in the order in which they came", async () => {
    const supervisor = await supervisors.open({ name: "build-1", directory });
    const mask = [new Secret("s3cret-value")];
    const script = "echo one; printf 's3cret-' >&2; sleep 0.1; echo value >&2; echo three s3cret-value; printf end";
    expect((await (await supervisor.start(spec("a", script, { mask }))).exited).outcome).toEqual({
      kind: "exited",
      code: 0,
    });
    expect(log("a")).toBe("one\n[secret]\nthree [secret]\nend");
    await supervisor.close();
  });

  it("leave nothing of a process: not its group, not a child with a session of its own", async () => {
    const supervisor = await supervisors.open({ name: "build-1", directory });
    const running = await supervisor.start(spec("a", "setsid sleep 300 & sleep 300 & echo started; sleep 0.05"));
    await running.exited;
    expect(alive().filter((found) => found.mark.endsWith("/a"))).toEqual([]);
    await supervisor.close();
  });

  it("stop by the ladder: politely, then for good", async () => {
    const supervisor = await supervisors.open({ name: "build-1", directory });
    const polite = await supervisor.start(spec("a", "trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done"));
    const deaf = await supervisor.start(spec("b", "trap '' TERM; echo up; while :; do sleep 0.01; done"));
    await until("both are up", () => ["a", "b"].every((id) => log(id).includes("up")));
    expect((await polite.stop(5_000)).outcome).toEqual({ kind: "exited", code: 7 });
    expect((await deaf.stop(100)).outcome).toEqual({ kind: "signalled", signal: "SIGKILL" });
    await supervisor.close();
    expect(alive()).toEqual([]);
  });

  it("say at once that they are gone, to what runs and to what is to run", async () => {
    const supervisor = await supervisors.open({ name: "killed", directory });
    const running = await supervisor.start(spec("long", "sleep 300"));
    const [own] = alive().filter((found) => found.mark.endsWith("/killed"));
    process.kill(own?.pid ?? 0, "SIGKILL");
    await expect(running.exited).rejects.toThrow("the supervisor of");
    await expect(supervisor.start(spec("late", "true"))).rejects.toThrow("the supervisor of");
    await supervisor.close();
    expect(alive()).toEqual([]);
  });

  it("end all when their owner is killed, and record no end for what was ended so", async () => {
    const owner = join(directory, "owner.ts");
    writeFileSync(owner, ownerProgram());
    const server = spawn(process.execPath, [owner], { stdio: "inherit" });
    const gone = new Promise((resolve) => server.on("exit", resolve));
    await until("its process runs", () => alive().some((found) => found.mark.endsWith("/lasting")));
    server.kill("SIGKILL");
    await gone;
    await until("nothing is left", () => alive().length === 0);
    expect(readExitRecord(directory, "lasting")).toBeUndefined();
    expect(readExitRecord(directory, "short")).toEqual({ kind: "exited", code: 0 });
  });

  it("find leftovers by recorded ids and start times where there are no marks to read", async () => {
    const theirs = await createRecorded().open({ name: "build-1", directory });
    const left = await theirs.start(spec("a", "trap '' TERM; while :; do sleep 0.01; done"));
    const ours = createRecorded();
    const own = await (await ours.open({ name: "build-2", directory })).start(spec("b", "sleep 300"));
    expect(await ours.sweep()).toBe(2); // their supervisor and its process
    expect(alive().map((found) => found.pid)).not.toContain(left.pid);
    expect(alive().map((found) => found.pid)).toContain(own.pid);
    expect(await ours.sweep()).toBe(0);
  });

  it("sweep what another owner left, strays too, and nothing of their own", async () => {
    const other = create();
    const theirs = await other.open({ name: "build-1", directory });
    await theirs.start(spec("a", "trap '' TERM; while :; do sleep 0.01; done"));
    const stray = { ...process.env, MOBIUS_PROCESS_MARK: `${installationId}/build-0/x`, MOBIUS_PROCESS_OWNER: "1-1" };
    const lost = spawn("sleep", ["300"], { detached: true, env: stray, stdio: "ignore" });
    const ours = await supervisors.open({ name: "build-2", directory });
    const own = await ours.start(spec("b", "sleep 300"));
    await until("all run", () => alive().length >= 5);
    expect(await supervisors.sweep()).toBeGreaterThanOrEqual(3);
    expect(alive().every((found) => found.mark.startsWith(`${installationId}/build-2`))).toBe(true);
    expect(alive().map((found) => found.pid)).toContain(own.pid);
    expect(lost.pid).toBeDefined();
    await ours.close();
    expect(alive()).toEqual([]);
  });
});

function ownerProgram(): string {
  const at = (path: string) => JSON.stringify(join(import.meta.dirname, path));
  return `
import { createSupervisors } from ${at("supervisors.ts")};
import { systemClock } from ${at("../system/system-clock.ts")};
const supervisors = createSupervisors({
  installationId: ${JSON.stringify(installationId)}, nodePath: process.execPath,
  supervisorScript: ${JSON.stringify(SUPERVISOR)}, clock: systemClock,
});
const directory = ${JSON.stringify(directory)};
const supervisor = await supervisors.open({ name: "build-1", directory });
const spec = (id, script) => ({ id, argv: ["sh", "-c", script], cwd: directory,
  env: { PATH: process.env.PATH }, logPath: directory + "/" + id + ".log" });
await (await supervisor.start(spec("short", "true"))).exited;
await supervisor.start(spec("lasting", "setsid sleep 300 & trap '' TERM; while :; do sleep 0.01; done"));
setInterval(() => {}, 1000);
`;
}
