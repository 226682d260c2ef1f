import { access, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../../src/adapters/executors/find-program.ts";
import { createSupervisors } from "../../src/adapters/executors/supervisors.ts";
import { createSource } from "../../src/adapters/git/source.ts";
import { createScriptRunner } from "../../src/adapters/scripts/script-runner.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";

const SCRIPTS = {
  "say.sh": 'echo "one"\nprintf "two\\nthree without an end"\nexit 3\n',
  "env.js": "console.log(JSON.stringify({ ...process.env, cwd: process.cwd() }));\n",
  "long.js": 'process.stdout.write("x".repeat(300_000) + "\\n");\n',
  "wait.sh": 'sleep 600 &\necho $! > "$PID_FILE"\nwait\n',
};

describe("createScriptRunner", () => {
  let here: Repositories;
  let commit: CommitId;
  let runner: ReturnType<typeof createScriptRunner>;

  beforeAll(async () => {
    here = await makeRepositories();
    await here.make("dbt");
    commit = await here.commit("dbt", SCRIPTS);
    await here.push("dbt");
    const supervisors = createSupervisors({
      installationId: `test-${systemIds.randomHex(6)}`,
      nodePath: process.execPath,
      supervisorScript: resolve(import.meta.dirname, "../../src/main/supervisor.ts"),
      clock: systemClock,
    });
    const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
    runner = createScriptRunner({
      source: createSource({ mirrorsDirectory: join(here.folder, "mirrors"), umbrellaDirectory: here.umbrella }),
      openSupervisor: () =>
        supervisors.open({ name: `scripts-${systemIds.randomHex(4)}`, directory: join(here.folder, "records") }),
      directory: join(here.folder, "scripts"),
      path,
      find: (name) => findProgram(name, path, "/"),
    });
  });
  afterAll(() => here[Symbol.asyncDispose]());

  const run = async (path: string, more: { variables?: Record<string, string>; signal?: AbortSignal } = {}) => {
    const lines: string[] = [];
    const code = await runner.run({
      id: systemIds.randomHex(4),
      repository: "../dbt.git",
      commit,
      program: { kind: "script", path },
      variables: more.variables ?? {},
      onLine: (line) => lines.push(line),
      signal: more.signal ?? new AbortController().signal,
    });
    return { code, lines };
  };

  it("gives the exit code and every line, the last one without an end too", async () => {
    expect(await run("say.sh")).toEqual({ code: 3, lines: ["one", "two", "three without an end"] });
  });

  it("keeps lines unbroken whatever their length", async () => {
    const { lines } = await run("long.js");
    expect(lines.map((line) => line.length)).toEqual([300_000]);
  });

  it("gives the variables that it was given, a PATH and an empty HOME, and nothing of ours", async () => {
    const { lines } = await run("env.js", { variables: { DATABASE_URL: "postgresql://x" } });
    const { cwd, ...env } = JSON.parse(lines.join("")) as Record<string, string>;
    const ours = Object.keys(env).filter((name) => !["DATABASE_URL", "PATH", "HOME"].includes(name));
    expect(ours.filter((name) => !name.startsWith("MOBIUS_PROCESS_"))).toEqual([]);
    expect(env.DATABASE_URL).toBe("postgresql://x");
    expect(env.HOME).not.toBe(process.env.HOME);
    expect(cwd).toMatch(/\/source$/);
    await expect(access(cwd ?? "")).rejects.toThrow(); // the checkout is gone when the script has ended
  });

  it("gives a code other than 0 where the program is not there", async () => {
    expect((await run("missing.sh")).code).not.toBe(0);
  });

  it("ends a script and everything that it started when it is told to", async () => {
    const pidFile = join(here.folder, "pid");
    const controller = new AbortController();
    const running = run("wait.sh", { variables: { PID_FILE: pidFile }, signal: controller.signal });
    await expect.poll(() => readFile(pidFile, "utf8").catch(() => ""), { timeout: 15_000 }).toMatch(/\d/);
    const child = Number(await readFile(pidFile, "utf8"));
    controller.abort();
    expect((await running).code).not.toBe(0);
    await expect.poll(() => isAlive(child), { timeout: 15_000 }).toBe(false);
  });

  it("says so where the commit cannot be checked out", async () => {
    await expect(
      runner.run({
        id: "x",
        repository: "../nowhere.git",
        commit,
        program: { kind: "script", path: "say.sh" },
        variables: {},
        onLine: () => {},
        signal: new AbortController().signal,
      }),
    ).rejects.toThrow("../nowhere.git cannot be checked out: unreachable");
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
