/** The byte that ends a line. */
export const LINE_FEED = 0x0a;

/** So many bytes are looked at one by one: asking the machine's own search costs as much as that. */
const NEAR_BYTES = 48;

/** Where the next line break is at or behind `from`; -1 where there is none. */
export function nextBreak(bytes: Buffer, from: number): number {
  const near = Math.min(bytes.length, from + NEAR_BYTES);
  for (let at = from; at < near; at++) if (bytes[at] === LINE_FEED) return at;
  return near === bytes.length ? -1 : bytes.indexOf(LINE_FEED, near);
}
