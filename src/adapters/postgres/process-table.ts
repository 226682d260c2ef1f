import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";
import type { Clock } from "../../ports/clock.ts";

const run = promisify(execFile);

/** Time between two looks at a process that is to end, in milliseconds. */
const LOOK_EVERY_MS = 20;

/** The arguments of a live process; empty when there is none, or only its remains that nobody has collected yet. */
export async function commandLineOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (text !== undefined) return text.split("\0").filter((part) => part !== "");
  if (process.platform === "linux") return [];
  // macOS has no /proc; splitting at spaces is enough to find a path without any.
  const listed = await run("ps", ["-ww", "-o", "command=", "-p", String(pid)]).catch(() => undefined);
  return listed === undefined ? [] : listed.stdout.trim().split(" ");
}

/**
 * Backends that a dead postmaster left behind: they stand in its data directory, and their title is their command line,
 * as `postgres: server: checkpointer`. A postmaster that is just starting has none yet, and does not count.
 */
export async function orphanedBackends(dataDirectory: string): Promise<readonly number[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
      if (place !== dataDirectory) return [];
      return (await commandLineOf(pid))[0]?.startsWith("postgres: ") === true ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Sends a signal; nothing happens when the process is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Waits until `isGone` says so. False when the time was over first. */
export async function waitUntilGone(
  isGone: () => Promise<boolean>,
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
): Promise<boolean> {
  const deadlineMs = clock.monotonicMs() + withinMs;
  while (clock.monotonicMs() < deadlineMs) {
    if (await isGone()) return true;
    await clock.sleep(LOOK_EVERY_MS);
  }
  return isGone();
}
