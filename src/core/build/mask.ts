/** Hides secrets in byte strings, one character per byte, as `mask-stream.ts` does in bytes. */
import { createStreamMasker } from "./mask-stream.ts";

/** A masker of byte strings. `push` gives what can be stored already; `flush` the rest, at the end. */
export interface Masker {
  push(bytes: string): string;
  flush(): string;
}

/** Makes a masker for values given as byte strings. Values shorter than 6 bytes are not masked. */
export function createMasker(secrets: readonly string[]): Masker {
  const stream = createStreamMasker(secrets);
  return {
    push: (bytes) => textOf(stream.push(Uint8Array.from(bytes, (character) => character.charCodeAt(0)))),
    flush: () => textOf(stream.flush()),
  };
}

function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
