/** Does to a real installation what a schedule says, beside the release. */
import { execFile } from "node:child_process";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../scenarios/installation.ts";
import type { RealFault } from "./real-schedule.ts";
import type { RealWorld } from "./real-world.ts";
import { passed } from "./until.ts";

type Of<Kind extends RealFault["kind"]> = Extract<RealFault, { readonly kind: Kind }>;

/** Ends the PostgreSQL's connections, or the whole of it for a while. */
export async function cutDatabase(world: RealWorld, fault: Of<"database">): Promise<void> {
  await passed(fault.afterMs);
  if (fault.how === "connections") {
    await world.query(
      fault.which,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    return;
  }
  await (await world.cluster(fault.which)).stop();
  await passed(fault.forMs);
  await world.cluster(fault.which); // starts it, unless the server did
}

/** Room that a folder has beyond what is in it, in KiB. */
const ROOM_KIB = 16_384;

/** Whether this machine lets the campaign give a server a small file system. */
export async function canFillDisks(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const tried = promisify(execFile)("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]);
  return tried.then(
    () => true,
    () => false,
  );
}

/**
 * A program that becomes the server, with a small file system in place of one folder of its state, seen by it and what it
 * runs alone.
 */
export function onSmallDisk(world: RealWorld, { folder }: Of<"disk">): readonly string[] {
  const path = join(world.here.state, folder);
  const script = [
    "set -e",
    `mkdir -p "${path}"`,
    `size=$(du -sk "${path}" | cut -f1)`,
    `rm -rf "${path}.kept"`,
    `cp -a "${path}" "${path}.kept"`,
    `mount -t tmpfs -o size=$((size * 2 + ${ROOM_KIB}))k none "${path}"`,
    `cp -a "${path}.kept/." "${path}"`,
    `rm -rf "${path}.kept"`,
    'exec "$@"',
  ];
  return ["unshare", "-m", "sh", "-c", script.join("\n"), "sh"];
}

const BLOCK = Buffer.alloc(64 * 1_024);

/** Fills the small file system to its last byte for a while. Gives whether it was full. */
export async function fillDisk(world: RealWorld, { folder, afterMs, forMs }: Of<"disk">): Promise<boolean> {
  await passed(afterMs);
  // The server's own view of the files: what is mounted there is not mounted here.
  const path = join(`/proc/${world.server.pid}/root`, world.here.state, folder, "filler");
  const file = await open(path, "w");
  let isFull = false;
  try {
    while (!isFull)
      await file.write(BLOCK).catch((cause: { code?: string }) => {
        if (cause.code !== "ENOSPC") throw cause;
        isFull = true;
      });
  } finally {
    await file.close();
  }
  await passed(forMs);
  await rm(path);
  return isFull;
}

/** Starts another server for the same installation while the first one works; gives what is wrong with what it did. */
export async function startSecondServer(world: RealWorld, afterMs: number): Promise<readonly string[]> {
  await passed(afterMs);
  const { code, err } = await world.here.start([
    "serve",
    "--dir",
    world.here.umbrella,
    "--port",
    String(await freePort()),
  ]).ended;
  return code !== 0 && /error\[/.test(err) ? [] : [`a second server ended with ${code}: ${err}`];
}
