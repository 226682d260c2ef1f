import { copyFile, open, stat, truncate } from "node:fs/promises";
import type { Clock } from "../../ports/clock.ts";

/** A log file is turned over above this size, in bytes; with its predecessor it takes twice as much. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** Time between two looks, in milliseconds. */
const LOOK_EVERY_MS = 60_000;

/** How much of the end of a log is read, in bytes. */
const TAIL_BYTES = 4_096;

/**
 * Keeps a server's log small until the signal aborts. The server holds the file open for appending, so it is copied to
 * `<file>.1` and cut to nothing; lines written between the two are lost, which a log of this kind may.
 */
export async function keepLogSmall(file: string, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await turnOver(file, MAX_LOG_BYTES);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** Turns the file over when it is larger than `maxBytes`. */
export async function turnOver(file: string, maxBytes: number): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there === undefined || there.size <= maxBytes) return;
  // A full disk must not end the server's work for its log's sake.
  await copyFile(file, `${file}.1`).catch(() => {});
  await truncate(file).catch(() => {});
}

/** The end of a log as text, empty when there is none. */
export async function logTail(file: string): Promise<string> {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return "";
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await handle.close();
  }
}
