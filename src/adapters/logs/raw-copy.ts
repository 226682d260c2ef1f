/** Copies a step's raw output into the build's log, whole lines only, each read once or, where it is long, twice. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { LINE_FEED } from "./line-breaks.ts";
import type { LogComposer, Stored } from "./log-composer.ts";
import { prefixedLines } from "./prefixed-lines.ts";

const PIECE_BYTES = 256 * 1024;
/** One for all copies: nothing stays in it between two calls. */
const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);

export interface RawCopyOptions {
  readonly composer: LogComposer;
  /** The raw file, and its name in the composer's index. */
  readonly path: string;
  readonly name: string;
  readonly prefix: string;
}

export interface RawCopy {
  /**
   * Copies the next piece: whole lines, or one line however long it is; at the step's end also what lacks its line break.
   * Gives how many bytes that were, 0 where there is none yet. Where the disk is full, the piece stays where it is.
   */
  next(state: "running" | "ended"): { readonly bytes: number; readonly stored: Stored };
  /** Bytes of the raw file that are not in the log. */
  left(): number;
  close(): void;
}

/** The file need not be there yet. */
export function rawCopy({ composer, path, name, prefix }: RawCopyOptions): RawCopy {
  let pass: (bytes: Uint8Array) => void = () => {};
  const lines = prefixedLines(Buffer.from(prefix), (bytes) => pass(bytes));
  let file: number | undefined;
  let searched = 0; // up to here, the line that is next does not end

  let inBuffer = { from: 0, bytes: 0 };

  const readAt = (position: number) => {
    file ??= openRaw(path);
    if (position !== inBuffer.from || inBuffer.bytes < PIECE_BYTES) {
      const bytes = file === undefined ? 0 : readSync(file, buffer, 0, PIECE_BYTES, position);
      inBuffer = { from: position, bytes };
    }
    return buffer.subarray(0, inBuffer.bytes);
  };

  /** Where the piece ends that begins at `from`; `from` itself where none is complete. */
  const endOfPiece = (from: number, state: "running" | "ended") => {
    let at = Math.max(from, searched);
    for (let piece = readAt(at); piece.length > 0; piece = readAt(at)) {
      const found = at === from ? piece.lastIndexOf(LINE_FEED) : piece.indexOf(LINE_FEED);
      if (found >= 0) return at + found + 1;
      at += piece.length;
    }
    searched = at;
    return state === "ended" ? at : from;
  };

  return {
    next(state) {
      inBuffer = { from: 0, bytes: 0 }; // others had their turn
      const from = composer.taken(name);
      const end = endOfPiece(from, state);
      if (end === from) return { bytes: 0, stored: "stored" };
      const stored = composer.append(
        (write) => {
          pass = write;
          lines.begin();
          for (let at = from; at < end; ) {
            const piece = readAt(at).subarray(0, end - at);
            if (piece.length === 0) break;
            lines.add(piece);
            at += piece.length;
          }
          lines.end();
        },
        { name, bytes: end },
      );
      return { bytes: end - from, stored };
    },
    left() {
      file ??= openRaw(path);
      return file === undefined ? 0 : fstatSync(file).size - composer.taken(name);
    },
    close() {
      if (file !== undefined) closeSync(file);
    },
  };
}

function openRaw(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined; // nothing has been printed yet
  }
}
