/**
 * Writes a build's `log.txt`, and beside it `log.index`: one line for each piece that was added, with the log's length
 * after it and how far a step's raw file is in it. After a crash the log is cut back to the last piece that stands in
 * both, so that no line is lost or stands twice. Adding a piece is two writes, whatever the log has already.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A piece of a step's raw output: the file's name, and how many bytes of it are in the log with this piece. */
export interface RawProgress {
  readonly name: string;
  readonly bytes: number;
}

export interface LogComposer {
  append(text: string, progress?: RawProgress): void;
  /** How many bytes of a raw file are in the log. */
  taken(name: string): number;
  close(): void;
}

/** Stands in the index for a line of the engine's own. */
const OWN = "-";

/** Opens a log in the folder, new or where it was left. */
export function openLogComposer(directory: string): LogComposer {
  const log = openSync(join(directory, "log.txt"), "a", 0o600);
  const indexPath = join(directory, "log.index");
  const index = openSync(indexPath, "a", 0o600);
  const found = readIndex(readFileSync(indexPath, "latin1"), fstatSync(log).size);
  ftruncateSync(log, found.logBytes);
  ftruncateSync(index, found.indexBytes);
  const { taken } = found;
  let { logBytes } = found;
  return {
    append(text, progress) {
      if (text === "") return;
      const bytes = Buffer.from(text);
      writeWhole(log, bytes);
      logBytes += bytes.length;
      if (progress !== undefined) taken.set(progress.name, progress.bytes);
      const { name, bytes: raw } = progress ?? { name: OWN, bytes: 0 };
      writeWhole(index, Buffer.from(`${logBytes} ${name} ${raw}\n`));
    },
    taken: (name) => taken.get(name) ?? 0,
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

function writeWhole(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
