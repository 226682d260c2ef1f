/** What stands in the place of a secret. */
export const MASK = "[secret]";

const MASK_BYTES = bytesOf(MASK);
/** Ends colours that were switched on before a secret and off inside of it. */
const RESET_BYTES = bytesOf("\u001b[0m");

/** What is hidden, in positions that count bytes from the beginning of the stream. */
export interface Region {
  readonly start: number;
  readonly end: number;
  /** Whether escape sequences are hidden with it. */
  readonly hasEscape: boolean;
}

/** The regions of a stream that are still to be given out. Those that overlap are one. */
export interface Regions {
  /** Adds one; they come in the order of their ends. */
  add(region: Region): void;
  /**
   * Gives the stream up to `until`, of which `bytes` holds all since the last time; they begin at `begin`. Nothing that is
   * added later may begin before `until`. A region that reaches beyond it is shown now, and no second time.
   */
  take(bytes: Uint8Array, begin: number, until: number): Uint8Array;
}

/** No regions yet. */
export function createRegions(): Regions {
  let waiting: (Region & { readonly isShown: boolean })[] = [];
  return {
    add(region) {
      let { start, hasEscape } = region;
      let isShown = false;
      for (let last = waiting.at(-1); last !== undefined && last.end > start; last = waiting.at(-1)) {
        start = Math.min(start, last.start);
        isShown ||= last.isShown;
        hasEscape ||= last.hasEscape;
        waiting.pop();
      }
      waiting.push({ start, end: region.end, hasEscape, isShown });
    },
    take(bytes, begin, until) {
      const decided = waiting.filter(({ start }) => start < until);
      if (decided.length === 0) return bytes.subarray(0, until - begin);
      const pieces: Uint8Array[] = [];
      let at = begin;
      for (const { start, end, hasEscape, isShown } of decided) {
        pieces.push(bytes.subarray(at - begin, start - begin));
        if (!isShown) pieces.push(MASK_BYTES);
        if (hasEscape && end <= until) pieces.push(RESET_BYTES);
        at = Math.min(end, until);
      }
      pieces.push(bytes.subarray(at - begin, until - begin));
      const rest = waiting.slice(decided.length);
      const cut = decided.at(-1);
      waiting = cut !== undefined && cut.end > until ? [{ ...cut, start: until, isShown: true }, ...rest] : rest;
      return concatenated(pieces);
    },
  };
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
