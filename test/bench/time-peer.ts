import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Peer, Shape } from "./peer-runs.ts";

const TIMEOUT_MS = 180_000;

export interface PeerRun {
  /** Wall time with the runner's own start, in milliseconds. */
  readonly ms: number;
  /** What it printed, which goes into a file. */
  readonly outputBytes: number;
}

/** Runs a peer once in a folder of its own; undefined, and said aloud, where it fails. */
export function timePeer(
  peer: Peer,
  {
    commands,
    shape,
    env,
  }: { readonly commands: readonly string[]; readonly shape: Shape; readonly env: NodeJS.ProcessEnv },
): PeerRun | undefined {
  const folder = mkdtempSync(join(tmpdir(), "mobius-peer-"));
  try {
    const [command = "", ...args] = peer.prepare(folder, commands, shape);
    const path = join(folder, "output");
    const output = openSync(path, "w");
    const startedMs = performance.now();
    const ran = spawnSync(command, args, { cwd: folder, env, stdio: ["ignore", output, output], timeout: TIMEOUT_MS });
    const ms = performance.now() - startedMs;
    closeSync(output);
    if (ran.status === 0) return { ms, outputBytes: statSync(path).size };
    const said = ran.error === undefined ? readFileSync(path, "utf8").slice(-300) : String(ran.error);
    console.error(`SKIPPED: ${peer.name}, ${shape}, failed: ${said}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
