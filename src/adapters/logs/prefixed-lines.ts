/** Puts a prefix before each line of a stream of bytes, in a buffer that does not grow, whatever the lines are. */
import { LINE_FEED } from "./line-breaks.ts";

/** One for all: from `begin` to `end`, nothing else happens. */
const out = Buffer.allocUnsafeSlow(256 * 1024);
/** Copying fewer bytes than this one by one is faster than asking the machine to. */
const SHORT_BYTES = 48;

export interface PrefixedLines {
  /** Forgets what was added before. */
  begin(): void;
  /** Adds the stream's next bytes. A line may be added in pieces. */
  add(bytes: Buffer): void;
  /** Ends a line that has no line break, and passes on what is still here. No other stream may be between the two. */
  end(): void;
}

/** `pass` gets the bytes with their prefixes; they are valid during the call. */
export function prefixedLines(prefix: Buffer, pass: (bytes: Uint8Array) => void): PrefixedLines {
  // Behind it there is room for a line's prefix, as much of it as is copied byte by byte, and a line break.
  const full = out.length - prefix.length - SHORT_BYTES - 1;
  let filled = 0;
  let isLineBegun = false;

  const flush = () => {
    if (filled > 0) pass(out.subarray(0, filled));
    filled = 0;
  };

  /** Copies what the machine copies faster. Gives the place behind it. */
  const putRest = (bytes: Buffer, from: number): number => {
    const found = bytes.indexOf(LINE_FEED, from);
    const end = found === -1 ? bytes.length : found + 1;
    if (end - from > full - filled) flush();
    if (end - from > full) {
      pass(bytes.subarray(from, end));
    } else {
      bytes.copy(out, filled, from, end);
      filled += end - from;
    }
    isLineBegun = found === -1;
    return end;
  };

  /** Copies a line, or what there is of it. Gives the place behind it. */
  const putLine = (bytes: Buffer, from: number): number => {
    let to = filled;
    if (!isLineBegun) for (let at = 0; at < prefix.length; at++) out[to++] = prefix[at] ?? 0;
    const near = Math.min(bytes.length, from + SHORT_BYTES);
    for (let at = from; at < near; at++) {
      const byte = bytes[at] ?? 0;
      out[to++] = byte;
      if (byte !== LINE_FEED) continue;
      filled = to;
      isLineBegun = false;
      return at + 1;
    }
    filled = to;
    isLineBegun = true;
    return near === bytes.length ? near : putRest(bytes, near);
  };

  return {
    begin() {
      filled = 0;
      isLineBegun = false;
    },
    add(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (filled > full) flush();
        at = putLine(bytes, at);
      }
    },
    end() {
      if (isLineBegun) out[filled++] = LINE_FEED;
      isLineBegun = false;
      flush();
    },
  };
}
