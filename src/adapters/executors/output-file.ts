/**
 * A file for output that goes on when the disk is full: what does not fit is dropped, and one line says how much that was
 * once there is space again, or at the end. Begin with `openOutputFile`.
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, statfsSync, writeSync } from "node:fs";

/** A disk has space again when this much is free, in bytes: with less, it would be full again at the next line. */
const ENOUGH_FREE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** No call throws. */
export interface OutputFile {
  append(bytes: Uint8Array): void;
  /** Appends a line of our own, which begins at the beginning of a line. */
  line(text: string): void;
  /** What is stored is on the disk afterwards. */
  close(): void;
}

/** Opens a file to append to, for its owner alone. Throws where it cannot be opened. */
export function openOutputFile(path: string): OutputFile {
  const file = openSync(path, "a", 0o600);
  let isLineBegun = false;
  let isChanged = false;
  let lost = { bytes: 0, reason: "" };

  /** Appends as much as there is space for. */
  const write = (bytes: Uint8Array) => {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(file, bytes, written);
    } catch (error) {
      lost = { bytes: lost.bytes + bytes.length - written, reason: reasonOf(error) };
    }
    if (written === 0) return;
    isChanged = true;
    isLineBegun = bytes[written - 1] !== LINE_FEED;
  };

  /** Appends all of it or nothing. */
  const writeWhole = (bytes: Uint8Array): "written" | "no-space" => {
    const before = { size: fstatSync(file).size, isLineBegun, lost };
    write(bytes);
    if (lost === before.lost) return "written";
    ftruncateSync(file, before.size);
    ({ isLineBegun, lost } = before);
    return "no-space";
  };

  const ownLine = (text: string) => Buffer.from(`${isLineBegun ? "\n" : ""}${text}\n`);
  const lossLine = () => ownLine(`[${lost.bytes} bytes of output were lost: ${lost.reason}]`);
  const nothingLost = () => {
    lost = { bytes: 0, reason: "" };
  };

  /** Puts the line that says what was lost in the place of the last bytes, which are then lost, too. */
  const sayAtTheEnd = () => {
    if (writeWhole(lossLine()) === "no-space") {
      const { size } = fstatSync(file);
      const freed = Math.min(size, lossLine().length + 2);
      ftruncateSync(file, size - freed);
      isLineBegun = size > freed; // where it was cut, a line may have been anywhere
      lost = { ...lost, bytes: lost.bytes + freed };
      writeWhole(lossLine());
    }
    nothingLost();
  };

  const append = (bytes: Uint8Array) => {
    if (lost.bytes === 0) return write(bytes);
    if (hasSpace(path) && writeWhole(Buffer.concat([lossLine(), bytes])) === "written") return nothingLost();
    lost = { ...lost, bytes: lost.bytes + bytes.length };
  };

  return {
    append,
    line(text) {
      if (lost.bytes > 0) sayAtTheEnd();
      append(ownLine(text));
    },
    close() {
      try {
        if (lost.bytes > 0) sayAtTheEnd();
        if (isChanged) fdatasyncSync(file);
      } catch {
        // A disk that breaks now has what it has: nobody is left to tell.
      } finally {
        closeSync(file);
      }
    },
  };
}

function hasSpace(path: string): boolean {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize >= ENOUGH_FREE_BYTES;
}

function reasonOf(error: unknown): string {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" ? "no space left on device" : code;
}
