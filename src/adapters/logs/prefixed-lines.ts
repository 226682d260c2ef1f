/** Puts a prefix before each line of a stream of bytes, in a buffer that does not grow, whatever the lines are. */
import { LINE_FEED, nextBreak } from "./line-breaks.ts";

const BUFFER_BYTES = 256 * 1024;
/** Copying fewer bytes than this one by one is faster than asking the machine to. */
const SHORT_BYTES = 48;

export interface PrefixedLines {
  /** Forgets what was added before. */
  begin(): void;
  /** Adds the stream's next bytes. A line may be added in pieces. */
  add(bytes: Buffer): void;
  /** Ends a line that has no line break, and passes on what is still here. */
  end(): void;
}

/** `pass` gets the bytes with their prefixes; they are valid during the call. */
export function prefixedLines(prefix: Buffer, pass: (bytes: Uint8Array) => void): PrefixedLines {
  const out = Buffer.allocUnsafe(BUFFER_BYTES);
  let filled = 0;
  let isLineBegun = false;

  const flush = () => {
    if (filled > 0) pass(out.subarray(0, filled));
    filled = 0;
  };
  const put = (bytes: Buffer, from: number, to: number) => {
    if (to - from > out.length - filled) flush();
    if (to - from > out.length) return pass(bytes.subarray(from, to));
    if (to - from > SHORT_BYTES) bytes.copy(out, filled, from, to);
    else for (let at = from; at < to; at++) out[filled + at - from] = bytes[at] ?? 0;
    filled += to - from;
  };

  return {
    begin() {
      filled = 0;
      isLineBegun = false;
    },
    add(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (!isLineBegun) put(prefix, 0, prefix.length);
        const found = nextBreak(bytes, at);
        const end = found === -1 ? bytes.length : found + 1;
        put(bytes, at, end);
        isLineBegun = found === -1;
        at = end;
      }
    },
    end() {
      if (isLineBegun) put(Buffer.of(LINE_FEED), 0, 1);
      isLineBegun = false;
      flush();
    },
  };
}
