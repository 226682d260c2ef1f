import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHostExecutor } from "../../src/adapters/executors/host-executor.ts";
import { findSandbox, NO_SANDBOX, type Sandbox } from "../../src/adapters/executors/sandbox.ts";
import { createSupervisors } from "../../src/adapters/executors/supervisors.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { Secret } from "../../src/core/values/secret.ts";
import type { StepOrder, StepSession } from "../../src/ports/step-executor.ts";

const PATH = process.env.PATH ?? "";
const probe = mkdtempSync(join(tmpdir(), "mobius-probe-"));
const found = await findSandbox(probe, PATH);
rmSync(probe, { recursive: true });
if (found === undefined) console.warn("SKIPPED: the sandbox of steps. This machine allows no user namespaces.");

/** A state directory with what a step must not see, and a build's folder in it. */
function makeState() {
  const state = mkdtempSync(join(tmpdir(), "mobius-state-"));
  for (const folder of ["postgres", "programs", "builds/mine", "builds/other"])
    mkdirSync(join(state, folder), { recursive: true });
  for (const file of ["token", "key", "postgres/data", "builds/other/log.txt"])
    writeFileSync(join(state, file), "secret");
  writeFileSync(join(state, "programs", "tool"), "#!/bin/sh\necho from the installation\n", { mode: 0o755 });
  const supervisors = createSupervisors({
    installationId: `test-${state.slice(-6)}`,
    nodePath: process.execPath,
    supervisorScript: resolve(import.meta.dirname, "../../src/main/supervisor.ts"),
    clock: systemClock,
  });
  return { state, supervisors };
}

/** A step on bash, with nothing but what a test adds. */
function orderOf(step: number, config: StepOrder["config"], logPath: string): StepOrder {
  const nothing = { volumes: [], env: {}, secretEnv: {} };
  return { step, try: 1, config, directory: "/workspace", engineEnv: { PATH }, logPath, ...nothing };
}

describe.skipIf(found === undefined)("a step in its sandbox", () => {
  const { state, supervisors } = makeState();
  const own = join(state, "builds", "mine");
  let session: StepSession;
  let count = 0;

  beforeAll(async () => {
    const sandbox: Sandbox | undefined = await findSandbox(state, PATH);
    const executor = createHostExecutor({ supervisors, mobiusCommand: ["mobius"], sandbox: sandbox ?? "none" });
    session = await executor.open({ id: "mine", project: "p1", directory: own });
  });
  afterAll(async () => {
    await session.close();
    rmSync(state, { recursive: true });
  });

  const start = async (script: string, volumes: StepOrder["volumes"] = []) => {
    count += 1;
    const logPath = join(own, "steps", `step-${count}.log`);
    const config = { name: "bash", entrypoint: "bash", args: ["-c", script] };
    const running = await session.start({
      ...orderOf(count, config, logPath),
      volumes,
      secretEnv: { KEY: new Secret("s3cret-of-the-step") },
    });
    return { running, log: () => (existsSync(logPath) ? readFileSync(logPath, "utf8") : "") };
  };
  const run = async (script: string, volumes: StepOrder["volumes"] = []) => {
    const { running, log } = await start(script, volumes);
    return { ...(await running.ended), log: log() };
  };

  it("reaches its own build and the installation's programs", async () => {
    const { outcome, log } = await run(
      `pwd; echo made > made.txt; echo home > "$HOME/x"; ${state}/programs/tool; id -u`,
    );
    expect(outcome).toEqual({ kind: "exited", code: 0 });
    expect(log).toBe(`/workspace\nfrom the installation\n${process.getuid?.()}\n`);
    expect(readFileSync(join(own, "workspace", "made.txt"), "utf8")).toBe("made\n");
  });

  it("finds the workspace, the home, its output and its volumes where Cloud Build has them", async () => {
    const volumes = [{ name: "cache", path: "/cache/of it" }];
    await run(`echo 1 > /workspace/a; echo 2 > /builder/home/b; echo 3 > "/cache/of it/c"`, volumes);
    const { log, output } = await run(
      `cat /workspace/a ~/b "/cache/of it/c"; echo "$BUILDER_OUTPUT"; echo "x $KEY" > /builder/outputs/output`,
      volumes,
    );
    expect(log).toBe("1\n2\n3\n/builder/outputs\n");
    expect(Buffer.from(output ?? "", "base64").toString()).toBe("x [secret]\n");
    expect((await run("ls /cache")).outcome).toEqual({ kind: "exited", code: 0 }); // the mount point stays, empty
    expect((await run('ls -A "/cache/of it"')).log).toBe("");
    expect((await run("ls -A /builder/outputs")).log).toBe("");
  });

  it("has no volume where one of the host's folders would have to take a mount point", async () => {
    const { outcome } = await run("true", [{ name: "cache", path: "/usr/no-such-folder" }]);
    expect(outcome).toEqual({
      kind: "not-started",
      reason: `the host executor cannot put volume "cache" at /usr/no-such-folder, as /usr is the host's: use another path`,
    });
  });

  it("does not see what the installation gets while the build runs", async () => {
    mkdirSync(join(state, "later"));
    writeFileSync(join(state, "later", "key"), "secret");
    const { log } = await run(`cat ${state}/later/key; true`);
    expect(log).toContain("No such file");
  });

  it("reaches nothing else of the installation: no token, no key, no database, no other build", async () => {
    const { log } = await run(
      `cat ${state}/token ${state}/key; ls -A ${state}/postgres ${state}/builds; cat ${state}/builds/other/log.txt; true`,
    );
    expect(log).not.toContain("secret");
    expect(log).toContain("No such file");
  });

  it("cannot uncover what is covered, not even in namespaces of its own", async () => {
    const tries = [
      "umount %s/token",
      "unshare --user --map-root-user --mount umount %s/token",
      "mount --bind /tmp %s/token",
    ];
    for (const each of tries) {
      const { log } = await run(`${each.replace("%s", state)}; cat ${state}/token; true`);
      expect(log).not.toContain("secret");
    }
    expect(readFileSync(join(state, "token"), "utf8")).toBe("secret");
  });

  it("sees no process but its own", async () => {
    const { log } = await run(
      "ls /proc | grep -c '^[0-9]'; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '^VITEST' || true",
    );
    const [processes, foreign] = log.trim().split("\n").map(Number);
    expect(processes).toBeLessThan(12);
    expect(foreign).toBe(0);
  });

  it("leaves nothing behind, whatever it started", async () => {
    const mark = join(own, "workspace", "alive");
    const { outcome } = await run(
      `(setsid nohup sh -c 'while :; do date > ${mark}; sleep 0.05; done' >/dev/null 2>&1 &) ; sleep 0.3`,
    );
    expect(outcome).toEqual({ kind: "exited", code: 0 });
    rmSync(mark, { force: true });
    await new Promise((later) => setTimeout(later, 100));
    await new Promise((later) => setTimeout(later, 100));
    expect(existsSync(mark)).toBe(false);
  });

  it("gives exit codes, those of signals as a container does, and names a program that is missing", async () => {
    expect((await run("exit 7")).outcome).toEqual({ kind: "exited", code: 7 });
    expect((await run("kill -9 $$")).outcome).toEqual({ kind: "exited", code: 137 });
    const config = { name: "bash", entrypoint: "no-such-program" };
    const running = await session.start(orderOf(99, config, join(own, "steps", "x.log")));
    expect((await running.ended).outcome).toMatchObject({
      kind: "not-started",
      reason: expect.stringContaining("executable file not found"),
    });
  });

  it("is asked politely to end, and then ended", async () => {
    const polite = await start("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    await expect.poll(polite.log, { timeout: 10_000 }).toContain("ready");
    await polite.running.stop(5_000);
    expect((await polite.running.ended).outcome).toEqual({ kind: "exited", code: 3 });
    expect(polite.log()).toContain("bye");
    const deaf = await start("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    await expect.poll(deaf.log, { timeout: 10_000 }).toContain("ready");
    await deaf.running.stop(200);
    expect((await deaf.running.ended).outcome).toMatchObject({ kind: "signalled" });
  });
});

describe.skipIf(found === undefined)("a build whose state directory is reached through a link", () => {
  it("is kept from the rest of it as well", async () => {
    const { state, supervisors } = makeState();
    const link = `${state}-link`;
    symlinkSync(state, link);
    const sandbox = (await findSandbox(link, PATH)) ?? "none";
    const executor = createHostExecutor({ supervisors, mobiusCommand: ["mobius"], sandbox });
    const session = await executor.open({ id: "mine", project: "p1", directory: join(link, "builds", "mine") });
    const logPath = join(link, "builds", "mine", "steps", "s.log");
    const script = `cat ${state}/token ${link}/token; ls ${state}/postgres; ${link}/programs/tool`;
    const running = await session.start(
      orderOf(0, { name: "bash", entrypoint: "bash", args: ["-c", script] }, logPath),
    );
    expect((await running.ended).outcome).toEqual({ kind: "exited", code: 0 });
    expect(readFileSync(logPath, "utf8")).not.toContain("secret");
    await session.close();
    rmSync(link);
    rmSync(state, { recursive: true });
  });
});

describe("a step where there is no sandbox", () => {
  it("runs, and its log says what it can reach", async () => {
    const { state, supervisors } = makeState();
    const executor = createHostExecutor({ supervisors, mobiusCommand: ["mobius"], sandbox: "none" });
    const session = await executor.open({ id: "mine", project: "p1", directory: join(state, "builds", "mine") });
    const logPath = join(state, "builds", "mine", "steps", "s.log");
    const config = { name: "bash", entrypoint: "echo", args: ["hi"] };
    const running = await session.start(orderOf(0, config, logPath));
    expect((await running.ended).outcome).toEqual({ kind: "exited", code: 0 });
    expect(readFileSync(logPath, "utf8")).toBe(`boundary not enforced by the kernel: ${NO_SANDBOX}\nhi\n`);
    await session.close();
    rmSync(state, { recursive: true });
  });
});
