/** Terminal escape sequences, byte by byte. Source: ECMA-48, sections 5.3 to 5.6. */

/** Where in a sequence the last byte was. */
export type EscapePlace = "outside" | "begun" | "intermediate" | "control" | "string" | "string-end";

/** The byte that begins each sequence. */
export const ESCAPE = 0x1b;

/** The place after one more byte. The byte that leads "outside" is the sequence's last. */
export function nextPlace(place: EscapePlace, byte: number): EscapePlace {
  if (place === "string" || place === "string-end") return inString(place, byte);
  if (byte === ESCAPE) return "begun";
  if (place === "control") return byte >= 0x20 && byte < 0x40 ? "control" : "outside";
  if (place === "intermediate") return byte >= 0x20 && byte < 0x30 ? "intermediate" : "outside";
  if (place === "outside") return "outside";
  if (byte === 0x5b) return "control"; // [
  if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) return "string"; // ] P X ^ _
  return byte >= 0x20 && byte < 0x30 ? "intermediate" : "outside";
}

/** A string, such as a link's address, ends with BEL or with ESC and a backslash. */
function inString(place: "string" | "string-end", byte: number): EscapePlace {
  if (byte === 0x07 || (place === "string-end" && byte === 0x5c)) return "outside";
  return byte === ESCAPE ? "string-end" : "string";
}
