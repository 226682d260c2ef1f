/** Reads any lines of a log without reading the log. */
import type { LogLine } from "../../ports/step-logs.ts";
import { nextBreak } from "./line-breaks.ts";
import type { LineIndex, ReadAt } from "./line-index.ts";
import { wholeCharacters } from "./whole-characters.ts";

/** Longest text of one line, and of all together. */
const MAX_LINE_BYTES = 16 * 1024;
const MAX_BYTES = 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
/** The line behind one that is longer than this has its own entry in the index. */
const LONG_LINE_BYTES = 1024 * 1024;

interface OpenLog {
  readonly file: number;
  readonly readAt: ReadAt;
  readonly index: LineIndex;
}

/** Lines from one on, at most `count`, and fewer than asked for where they have more than about 1 MiB. */
export function readLines({ file, readAt, index }: OpenLog, fromLine: number, count: number): readonly LogLine[] {
  const pieces = pieceReader(file, readAt);
  const end = Math.min(fromLine + count, index.lines);
  const lines: LogLine[] = [];
  let { line, byte } = index.before(fromLine);
  for (let taken = 0; line < end && taken < MAX_BYTES; line++) {
    const next =
      pieces.endOfLine(byte, LONG_LINE_BYTES) ??
      index.exactly(line + 1)?.byte ??
      pieces.endOfLine(byte, Number.POSITIVE_INFINITY);
    const bytes = next === undefined ? index.bytes - byte : next - 1 - byte;
    if (line >= fromLine) {
      const shown = pieces.slice(byte, Math.min(bytes, MAX_LINE_BYTES));
      const text = shown.subarray(0, bytes > MAX_LINE_BYTES ? wholeCharacters(shown) : shown.length).toString("utf8");
      lines.push({ text, fromByte: byte, bytes });
      taken += shown.length;
    }
    byte = next ?? index.bytes;
  }
  return lines;
}

interface PieceReader {
  /** The byte behind the line's break, which is looked for in so many bytes. */
  endOfLine(from: number, within: number): number | undefined;
  slice(from: number, length: number): Buffer;
}

/** Reads pieces, and keeps the newest: lines that follow each other stand in the same one. */
function pieceReader(file: number, readAt: ReadAt): PieceReader {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let begin = 0;
  let piece = buffer.subarray(0, 0);
  const pieceWith = (byte: number) => {
    if (byte >= begin && byte < begin + piece.length) return piece.subarray(byte - begin);
    begin = byte;
    piece = buffer.subarray(0, readAt(file, buffer, byte));
    return piece;
  };
  return {
    endOfLine(from, within) {
      for (let at = from; at - from < within; ) {
        const rest = pieceWith(at);
        const found = nextBreak(rest, 0);
        if (found !== -1) return at + found + 1;
        if (rest.length === 0) return undefined;
        at += rest.length;
      }
      return undefined;
    },
    slice(from, length) {
      const known = pieceWith(from);
      if (known.length >= length) return Buffer.from(known.subarray(0, length));
      const own = Buffer.allocUnsafe(length);
      return own.subarray(0, readAt(file, own, from));
    },
  };
}
