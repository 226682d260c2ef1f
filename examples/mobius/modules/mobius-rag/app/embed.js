import { createHash } from "node:crypto";

const DIMENSIONS = 32;

/** Words counted into a few buckets, to length 1: enough to find passages with the same words, without any model. */
export function embed(text) {
  const vector = new Array(DIMENSIONS).fill(0);
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    vector[createHash("sha256").update(word).digest()[0] % DIMENSIONS] += 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

export function similarity(a, b) {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
