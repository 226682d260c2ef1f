/**
 * Hides secrets in a stream of bytes before anything of it is stored: as they are and in the forms of `mask-forms.ts`, also
 * with line breaks, carriage returns or escape sequences in between. How the stream is cut into chunks makes no difference.
 * Limits: a secret that is encrypted, reversed or printed character by character passes; of a secret that a line break
 * divides after its first or second byte, these may stay. Begin with `createStreamMasker`.
 */
import { formsOf } from "./mask-forms.ts";
import { compilePatterns } from "./mask-patterns.ts";
import { createSearch, PASSED, type Search } from "./mask-search.ts";

/** A stream's masker. What it gives may be a view of what it was given: use it before that changes. */
export interface StreamMasker {
  /** Gives what can be stored already. */
  push(bytes: Uint8Array): Uint8Array;
  /** Gives the rest, at the stream's end. */
  flush(): Uint8Array;
  /** Forgets what is kept back, where the stream is cut: it may be most of a secret. Gives its length in bytes. */
  drop(): number;
}

const NOTHING = new Uint8Array(0);

/** Makes a masker for secrets given as byte strings, one character per byte. Those shorter than 6 bytes are not masked. */
export function createStreamMasker(secrets: readonly string[]): StreamMasker {
  let search: Search | undefined; // most steps print nothing: made when there is something to look at
  let held: Uint8Array = NOTHING;
  const forms = () => [...new Set(secrets.flatMap(formsOf))];
  return {
    push(chunk) {
      if (secrets.length === 0 || chunk.length === 0) return chunk;
      search ??= createSearch(compilePatterns(forms(), PASSED));
      const bytes = held.length === 0 ? chunk : joined(held, chunk);
      search.read(bytes, held.length);
      const begin = search.position() - bytes.length;
      const until = search.undecided();
      // A copy: the chunk's memory is its giver's, and `slice` of some kinds of byte arrays is a view.
      held = new Uint8Array(bytes.subarray(until - begin));
      return search.regions.take(bytes, begin, until);
    },
    flush() {
      if (search === undefined) return NOTHING;
      const end = search.position();
      const rest = search.regions.take(held, end - held.length, end);
      held = NOTHING;
      search = undefined;
      return rest;
    },
    drop() {
      const { length } = held;
      held = NOTHING;
      search = undefined;
      return length;
    },
  };
}

function joined(one: Uint8Array, two: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + two.length);
  both.set(one);
  both.set(two, one.length);
  return both;
}
