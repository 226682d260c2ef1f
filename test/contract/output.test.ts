import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { markedProcesses } from "../../src/adapters/executors/marked-processes.ts";
import { createSupervisors } from "../../src/adapters/executors/supervisors.ts";
import { createStepLogs } from "../../src/adapters/logs/step-logs.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { Secret } from "../../src/core/values/secret.ts";
import type { ProcessSpec, Supervisor } from "../../src/ports/processes.ts";

const SUPERVISOR = resolve(import.meta.dirname, "../../src/main/supervisor.ts");
const MEGABYTE = 1024 * 1024;
const mask = [new Secret("never-printed-4711")];

let folder: string;
let installationId: string;
let supervisor: Supervisor;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "mobius-output-"));
  installationId = `test${folder.slice(-6)}`;
  const supervisors = createSupervisors({
    installationId,
    nodePath: process.execPath,
    supervisorScript: SUPERVISOR,
    clock: systemClock,
  });
  supervisor = await supervisors.open({ name: "build-1", directory: folder });
});
afterEach(async () => {
  await supervisor.close();
  rmSync(folder, { recursive: true, force: true });
});

function spec(id: string, script: string, logPath = join(folder, `${id}.log`)): ProcessSpec {
  return { id, argv: ["sh", "-c", script], cwd: folder, env: { PATH: process.env.PATH ?? "" }, logPath, mask };
}

async function run(process: ProcessSpec): Promise<void> {
  const running = await supervisor.start(process);
  expect((await running.exited).outcome).toEqual({ kind: "exited", code: 0 });
}

/** Resident memory of the supervisor, in bytes: its highest so far. */
function peakMemory(): number {
  const [own] = markedProcesses(`${installationId}/build-1`);
  const status = readFileSync(`/proc/${own?.pid}/status`, "latin1");
  return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) * 1024;
}

describe("the output of a step", () => {
  it("comes through a pipe that a step may open by its name, in the order of both streams", async () => {
    await run(spec("a", "echo 1; echo 2 >&2; echo 3 > /dev/stderr; echo 4 | tee /dev/stderr; echo 5 > /dev/stdout"));
    expect(readFileSync(join(folder, "a.log"), "utf8")).toBe("1\n2\n3\n4\n4\n5\n");
  });

  it("is each step's own, also where more steps run at once than pipes are made at once, again and again", async () => {
    for (const round of [0, 1, 2]) {
      const ids = Array.from({ length: 6 }, (_, at) => `r${round}s${at}`);
      await Promise.all(ids.map((id) => run(spec(id, `for i in 1 2 3; do echo ${id}; done`))));
      for (const id of ids) expect(readFileSync(join(folder, `${id}.log`), "utf8")).toBe(`${id}\n`.repeat(3));
    }
  });

  it.runIf(process.platform === "linux")("does not pile up in the supervisor", async () => {
    await run(spec("small", `head -c ${4 * MEGABYTE} /dev/zero`));
    const before = peakMemory();
    await run(spec("lines", `yes 0123456789 | head -c ${100 * MEGABYTE}`));
    await run(spec("one-line", `head -c ${100 * MEGABYTE} /dev/zero`));
    expect(statSync(join(folder, "one-line.log")).size).toBe(100 * MEGABYTE);
    expect(peakMemory() - before).toBeLessThan(60 * MEGABYTE);
  });

  it("is cut off at the step's quota, and the step goes on undisturbed", async () => {
    await run({ ...spec("loud", `yes | head -c ${3 * MEGABYTE} && echo done > finished`), quotaBytes: MEGABYTE });
    const text = readFileSync(join(folder, "loud.log"), "utf8");
    expect(readFileSync(join(folder, "finished"), "utf8")).toBe("done\n");
    expect(text).toHaveLength(MEGABYTE + (text.split("\n").at(-2) ?? "").length + 1);
    expect(text).toContain(
      `\n[${2 * MEGABYTE} bytes of output were cut off: ${MEGABYTE} bytes of a step's output are kept]\n`,
    );
  });

  it("is one line of the build's log, however long it is, which no other line interrupts", async () => {
    const logs = createStepLogs({ buildsDirectory: folder, clock: systemClock });
    const log = await logs.open({ id: "b1", stepIds: ["long", "short"] });
    await log.stepStarted(0, 1);
    await log.stepStarted(1, 1);
    const long = spec("long", `head -c ${64 * MEGABYTE} /dev/zero | tr '\\0' x`, log.stepFile(0, 1));
    await Promise.all([run(long), run(spec("short", "for i in $(seq 2000); do echo $i; done", log.stepFile(1, 1)))]);
    await log.stepEnded(0);
    await log.stepEnded(1);
    await log.close();
    const { lines, total } = await logs.lines({ build: "b1", fromLine: 0, count: 3_000 });
    expect(total).toBe(2_001);
    const at = lines.findIndex(({ text }) => text.startsWith('Step #0 - "long": xxx'));
    expect(lines[at]?.bytes).toBe('Step #0 - "long": '.length + 64 * MEGABYTE);
    const others = lines.filter((_, line) => line !== at).map(({ text }) => text);
    expect(others).toEqual(Array.from({ length: 2_000 }, (_, line) => `Step #1 - "short": ${line + 1}`));
    const file = openSync(join(folder, "b1", "log.txt"), "r");
    const end = Buffer.alloc(4);
    readSync(file, end, 0, 4, (lines[at]?.fromByte ?? 0) + (lines[at]?.bytes ?? 0) - 3);
    expect(end.toString()).toBe("xxx\n");
  });
});

const hasNamespaces = spawnSync("unshare", ["-rm", "true"]).status === 0;
if (!hasNamespaces)
  console.warn("skipped: a full disk needs user and mount namespaces, which this machine does not give");

it.runIf(hasNamespaces)("a full disk costs output, not the build: one line says how much", () => {
  const script = 'mount -t tmpfs -o size=4m none "$1" && exec "$2" "$3" "$1"';
  const program = resolve(import.meta.dirname, "full-disk.ts");
  const args = ["-rm", "sh", "-c", script, "sh", folder, process.execPath, program];
  const seen = JSON.parse(execFileSync("unshare", args, { encoding: "utf8" }));
  // Where a line was begun, the line that says so has a break before it.
  expect(seen.spaceAgain).toMatchObject({ losses: 1, tail: expect.stringMatching(/space left on device\]\nlast\n$/) });
  expect(seen.spaceAgain.missing).toBeOneOf([0, -1]);
  expect(seen.neverAgain).toMatchObject({
    losses: 1,
    tail: expect.stringMatching(/were lost: no space left on device\]\n$/),
  });
  expect(seen.neverAgain.missing).toBeOneOf([0, -1]);
  expect(seen.buildLog).toMatch(
    /x\n\[\d+ bytes of output were lost: no space left on device\]\nwhile it is full\nDONE\n$/,
  );
});
