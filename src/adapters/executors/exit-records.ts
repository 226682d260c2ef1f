/**
 * How processes ended, as a file that only grows: one line of JSON each, on disk before the server hears of it. A line that
 * a crash cut off counts as none.
 */
import { fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ExitRecord } from "../../ports/processes.ts";

const FILE = "exits";
/** A supervisor that lives as long as its server begins anew with each server, once there is so much. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** Opens the file of a supervisor's folder for new records; gives what keeps one. */
export function openExitRecords(directory: string): (record: ExitRecord) => void {
  let file: number | undefined;
  const open = () => {
    const opened = openSync(join(directory, FILE), "a", 0o600);
    if (fstatSync(opened).size > MAX_KEPT_BYTES) ftruncateSync(opened);
    const folder = openSync(directory, "r");
    fsyncSync(folder); // the file's name is on disk before its first line
    return opened;
  };
  return (record) => {
    file ??= open();
    // The line break comes first: what a cut-off line left does not spoil the next one.
    writeSync(file, `\n${JSON.stringify(record)}`);
    fdatasyncSync(file);
  };
}

/** How a process ended; undefined where no record says so. A process that ran again under its id has its newest. */
export function readExitRecord(directory: string, id: string): ExitRecord["outcome"] | undefined {
  const records = readLines(join(directory, FILE)).flatMap((line) => parse(line) ?? []);
  return records.findLast((record) => record.id === id)?.outcome;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return []; // nothing ended here yet
  }
}

function parse(line: string): ExitRecord | undefined {
  try {
    return JSON.parse(line) as ExitRecord;
  } catch {
    return undefined;
  }
}
