/**
 * Where the lines of a log begin, so that any of them is found at once: every 1,000th line's place, kept in a file beside
 * the log. The index says nothing that the log does not: it is made anew where it is missing, and goes on where it stopped.
 * Begin with `openLineIndex`.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { setImmediate as othersTurn } from "node:timers/promises";
import { LINE_FEED, nextBreak } from "./line-breaks.ts";

/** Lines, or bytes where those come first, between two places of the index. */
const LINES_APART = 1_000;
const BYTES_APART = 1024 * 1024;
/** One entry: a line's number and its first byte, both as doubles. */
const ENTRY_BYTES = 16;
const PIECE_BYTES = 256 * 1024;

/** A line's number, from 0, and its first byte. */
export interface LinePlace {
  readonly line: number;
  readonly byte: number;
}

export interface LineIndex {
  /** Length of the log, as far as it is indexed. */
  readonly bytes: number;
  /** Lines of the log, a last one without line break included. */
  readonly lines: number;
  /** The nearest known place at or before a line. */
  before(line: number): LinePlace;
  /** The place of just this line, where it is known. A line behind one of more than 1 MiB is. */
  exactly(line: number): LinePlace | undefined;
}

/** Reads into a buffer from a position of a file, as `readSync` does. */
export type ReadAt = (file: number, buffer: Buffer, position: number) => number;

/** Reads from a file at once. */
export const readAtOnce: ReadAt = (file, buffer, position) => readSync(file, buffer, 0, buffer.length, position);

const BEGINNING: LinePlace = { line: 0, byte: 0 };

/** Forgets the index of a log whose end was cut off. */
export function forgetLineIndex(logPath: string): void {
  rmSync(indexPath(logPath), { force: true });
}

/** A log that is open for reading. */
export interface OpenLog {
  readonly path: string;
  readonly file: number;
  readonly readAt: ReadAt;
}

/** Brings the index of a log up to date. Reads what is new of the log, in pieces, between which others have their turn. */
export async function openLineIndex(log: OpenLog): Promise<LineIndex & Disposable> {
  const index = openSync(indexPath(log.path), constants.O_RDWR | constants.O_CREAT, 0o600);
  const size = fstatSync(log.file).size;
  let count = trustedEntries(index, log, size);
  let scan: Scan = startingAt(count === 0 ? BEGINNING : entryAt(index, count - 1));
  let isFull = false; // of the disk: the index ends there, and finding lines behind takes longer
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  for (let at = scan.begin.byte; at < size; await othersTurn()) {
    const piece = buffer.subarray(0, log.readAt(log.file, buffer.subarray(0, Math.min(PIECE_BYTES, size - at)), at));
    if (piece.length === 0) break;
    scan = scanned(scan, piece, at);
    isFull ||= put(index, scan.found, count) === "no-space";
    if (!isFull) count += scan.found.length;
    at += piece.length;
  }
  const { line, byte: lineByte } = scan.begin;
  const placeOf = (entry: number) => (entry < 0 ? BEGINNING : entryAt(index, entry));
  const before = (wanted: number) => {
    let low = -1;
    for (let high = count - 1; low < high; ) {
      const middle = Math.ceil((low + high) / 2);
      if (placeOf(middle).line <= wanted) low = middle;
      else high = middle - 1;
    }
    return placeOf(low);
  };
  return {
    bytes: size,
    lines: lineByte < size ? line + 1 : line,
    before,
    exactly(wanted) {
      const place = before(wanted);
      return place.line === wanted ? place : undefined;
    },
    [Symbol.dispose]: () => closeSync(index),
  };
}

interface Scan {
  /** The line that has not ended yet. */
  readonly begin: LinePlace;
  /** The newest entry. */
  readonly last: LinePlace;
  /** Entries of the newest piece. */
  readonly found: readonly LinePlace[];
}

function startingAt(place: LinePlace): Scan {
  return { begin: place, last: place, found: [] };
}

/** Counts the lines of a piece that begins at the byte. */
function scanned({ begin, last: known }: Scan, piece: Buffer, at: number): Scan {
  const found: LinePlace[] = [];
  let last = known;
  let line = begin.line;
  let from = 0; // where a line begins, in the piece
  let nextLine = last.line + LINES_APART;
  let nextFrom = last.byte + BYTES_APART - at;
  for (let to = nextBreak(piece, 0); to !== -1; to = nextBreak(piece, from)) {
    from = to + 1;
    line++;
    if (line < nextLine && from < nextFrom) continue;
    last = { line, byte: at + from };
    found.push(last);
    nextLine = line + LINES_APART;
    nextFrom = from + BYTES_APART;
  }
  return { begin: from === 0 ? begin : { line, byte: at + from }, last, found };
}

function indexPath(logPath: string): string {
  return `${logPath}.lines`;
}

/** How many entries there are, where the log fits the last one; else the index is made anew. */
function trustedEntries(index: number, log: OpenLog, size: number): number {
  const count = Math.floor(fstatSync(index).size / ENTRY_BYTES);
  const last = count === 0 ? BEGINNING : entryAt(index, count - 1);
  const isPlace =
    Number.isSafeInteger(last.line) && Number.isSafeInteger(last.byte) && last.byte >= 0 && last.byte <= size;
  const before = Buffer.alloc(1, LINE_FEED);
  if (isPlace && last.byte > 0) log.readAt(log.file, before, last.byte - 1);
  const isTrusted = isPlace && before[0] === LINE_FEED;
  ftruncateSync(index, isTrusted ? count * ENTRY_BYTES : 0);
  return isTrusted ? count : 0;
}

function entryAt(index: number, entry: number): LinePlace {
  const bytes = Buffer.alloc(ENTRY_BYTES);
  readSync(index, bytes, 0, ENTRY_BYTES, entry * ENTRY_BYTES);
  return { line: bytes.readDoubleLE(0), byte: bytes.readDoubleLE(8) };
}

/** An entry has one place in the file and one value, so that two readers that make the same index do not disturb each other. */
function put(index: number, places: readonly LinePlace[], entry: number): "put" | "no-space" {
  const bytes = Buffer.alloc(places.length * ENTRY_BYTES);
  places.forEach(({ line, byte }, at) => {
    bytes.writeDoubleLE(line, at * ENTRY_BYTES);
    bytes.writeDoubleLE(byte, at * ENTRY_BYTES + 8);
  });
  try {
    return writeSync(index, bytes, 0, bytes.length, entry * ENTRY_BYTES) === bytes.length ? "put" : "no-space";
  } catch {
    return "no-space";
  }
}
