/**
 * Writes a build's `log.txt`, and beside it `log.index`: one line for each piece that was added, with the log's length
 * after it and how far a step's raw file is in it. After a crash the log is cut back to the last piece that stands in
 * both, so that no line is lost or stands twice. Adding a piece is two writes, whatever the log has already.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { forgetLineIndex } from "./line-index.ts";

/** A piece of a step's raw output: the file's name, and how many bytes of it are in the log with this piece. */
export interface RawProgress {
  readonly name: string;
  readonly bytes: number;
}

/** What became of a piece. */
export type Stored = "stored" | "no-space";

export interface LogComposer {
  /** Adds a piece that `write` passes on bit by bit, or nothing of it where the disk is full. */
  append(write: (pass: (bytes: Uint8Array) => void) => void, progress?: RawProgress): Stored;
  /** How many bytes of a raw file are in the log. */
  taken(name: string): number;
  /** Takes a raw file as copied so far, though it is not. Nothing of that is kept on the disk. */
  skip(progress: RawProgress): void;
  /** Puts bytes, whole lines, in the place of the log's last ones; for when there is no space for more. */
  replaceEnd(bytes: Uint8Array): void;
  close(): void;
}

/** Stands in the index for a line of the engine's own. */
const OWN = "-";

/** Opens a log in the folder, new or where it was left. */
export function openLogComposer(directory: string): LogComposer {
  const logPath = join(directory, "log.txt");
  const log = openSync(logPath, "a", 0o600);
  const indexPath = join(directory, "log.index");
  const index = openSync(indexPath, "a", 0o600);
  const found = readIndex(readFileSync(indexPath, "latin1"), fstatSync(log).size);
  if (found.logBytes < fstatSync(log).size) forgetLineIndex(logPath);
  ftruncateSync(log, found.logBytes);
  ftruncateSync(index, found.indexBytes);
  const { taken } = found;
  let { logBytes, indexBytes } = found;
  return {
    append(write, progress) {
      const { name, bytes: raw } = progress ?? { name: OWN, bytes: 0 };
      let added = 0;
      try {
        write((bytes) => {
          writeWhole(log, bytes);
          added += bytes.length;
        });
        const entry = Buffer.from(`${logBytes + added} ${name} ${raw}\n`);
        writeWhole(index, entry);
        indexBytes += entry.length;
      } catch (error) {
        ftruncateSync(log, logBytes);
        ftruncateSync(index, indexBytes);
        if (!isNoSpace(error)) throw error;
        return "no-space";
      }
      logBytes += added;
      if (progress !== undefined) taken.set(name, raw);
      return "stored";
    },
    taken: (name) => taken.get(name) ?? 0,
    skip: ({ name, bytes }) => void taken.set(name, bytes),
    replaceEnd(bytes) {
      if (bytes.length > logBytes) return;
      // The index stays right, as the log's length stays what it was.
      ftruncateSync(log, logBytes - bytes.length);
      try {
        writeWhole(log, bytes);
      } catch (error) {
        if (!isNoSpace(error)) throw error; // somebody else was faster; the log is shorter, and says nothing
      }
    },
    close() {
      closeSync(log);
      closeSync(index);
    },
  };
}

interface Found {
  readonly logBytes: number;
  readonly indexBytes: number;
  readonly taken: Map<string, number>;
}

/** The last whole line whose piece the log has too. */
function readIndex(text: string, logSize: number): Found {
  const taken = new Map<string, number>();
  let logBytes = 0;
  let indexBytes = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    const [length = "", name = "", raw = ""] = line.split(" ");
    if (!/^\d+$/.test(length) || !/^\d+$/.test(raw) || Number(length) > logSize) break;
    logBytes = Number(length);
    indexBytes += line.length + 1;
    if (name !== OWN) taken.set(name, Number(raw));
  }
  return { logBytes, indexBytes, taken };
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function isNoSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}
