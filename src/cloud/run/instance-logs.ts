import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Ids } from "../../ports/clock.ts";

/** How much of a log is read to find its last lines. */
const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 10;
/** Logs of processes that ended, kept for each revision and job. */
const KEPT_LOGS = 10;

/** The log of one process. */
export interface InstanceLog {
  readonly path: string;
  /** The last lines that are not empty; none where nothing was written. */
  lastLines(): Promise<readonly string[]>;
  /** To be called once its process has ended: from then on newer logs push it out. */
  close(): void;
}

/** A file for each process, in a folder for each revision or job. */
export interface InstanceLogs {
  /** A new log; the oldest ones of ended processes of that name go. */
  open(name: string): Promise<InstanceLog>;
}

/** Logs beneath a folder, which is made when missing. */
export function createInstanceLogs(options: {
  readonly directory: string;
  readonly clock: Clock;
  readonly ids: Ids;
}): InstanceLogs {
  const { directory, clock, ids } = options;
  const inUse = new Set<string>();
  return {
    async open(name) {
      const folder = join(directory, name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const ended = (await readdir(folder)).map((file) => join(folder, file)).filter((path) => !inUse.has(path));
      // Names begin with the time, so that their order is that of the processes.
      const surplus = ended.toSorted().slice(0, Math.max(0, ended.length - KEPT_LOGS));
      await Promise.all(surplus.map((path) => rm(path, { force: true })));
      const path = join(folder, `${clock.now()}-${ids.randomHex(4)}.log`);
      inUse.add(path);
      return { path, lastLines: () => lastLines(path), close: () => void inUse.delete(path) };
    },
  };
}

async function lastLines(path: string): Promise<readonly string[]> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), { position: from });
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
    return lines.filter((line) => line.trim() !== "").slice(-TAIL_LINES);
  } finally {
    await file.close();
  }
}
