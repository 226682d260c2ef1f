/** Runners that others use, on the same chain of steps that do nothing. One that is not installed is named, not counted. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Peer {
  readonly name: string;
  /** Milliseconds a step, wall time through; undefined where it is not installed. */
  readonly stepMs: number | undefined;
  readonly keepsRecord: string;
}

/** Runs each peer once. */
export function measurePeers(steps: number): readonly Peer[] {
  const folder = mkdtempSync(join(tmpdir(), "mobius-peers-"));
  try {
    return [
      { name: "bash loop", keepsRecord: "nothing", stepMs: bashLoop(folder, steps) },
      { name: "make", keepsRecord: "nothing", stepMs: make(folder, steps) },
      { name: "wireit", keepsRecord: "state files", stepMs: wireit(folder, steps) },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function bashLoop(folder: string, steps: number): number | undefined {
  return timed("bash", ["-c", `for i in $(seq ${steps}); do /bin/true; done`], folder, steps);
}

function make(folder: string, steps: number): number | undefined {
  const rules = Array.from(
    { length: steps },
    (_, step) => `s${step}:${step === 0 ? "" : ` s${step - 1}`}\n\t@/bin/true`,
  );
  writeFileSync(join(folder, "Makefile"), `all: s${steps - 1}\n${rules.join("\n")}\n`);
  return timed("make", ["-s", "all"], folder, steps);
}

function wireit(folder: string, steps: number): number | undefined {
  const names = Array.from({ length: steps }, (_, step) => `s${step}`);
  const scripts = Object.fromEntries(names.map((name) => [name, "wireit"]));
  const rules = names.map((name, step) => [
    name,
    { command: "true", ...(step === 0 ? {} : { dependencies: [`s${step - 1}`] }) },
  ]);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts, wireit: Object.fromEntries(rules) }));
  return timed("npx", ["--no-install", "wireit", "--version"], folder, 1) === undefined
    ? undefined
    : timed("npm", ["run", "--silent", `s${steps - 1}`], folder, steps);
}

function timed(command: string, args: readonly string[], cwd: string, steps: number): number | undefined {
  const startedMs = performance.now();
  const { status } = spawnSync(command, args, { cwd, stdio: "ignore", timeout: 120_000 });
  return status === 0 ? (performance.now() - startedMs) / steps : undefined;
}
