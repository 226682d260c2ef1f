/**
 * Many patterns searched for at once, byte by byte: an Aho–Corasick automaton (Aho and Corasick, 1975). A state stands for
 * the longest end of what was read that begins a pattern; 0 for none.
 */

/** What two bytes may be: the beginning of a pattern, a pattern's first byte and one that the matcher looks past, or neither. */
export const Begins = { no: 0, pattern: 1, past: 2 } as const;

/** States are numbers. `depth` and `matched` have an entry for each. */
export interface Patterns {
  /** State after one more byte. */
  next(state: number, byte: number): number;
  /** Whether what the longer state stands for ends with what the shorter one stands for. */
  endsWith(longer: number, shorter: number): boolean;
  /** Length of the beginning of a pattern that a state stands for, in bytes. */
  readonly depth: Int32Array;
  /** Length of the longest pattern that ends here; 0 for none. */
  readonly matched: Int32Array;
  /** For two bytes `a << 8 | b` whether a pattern may begin with them, as one of `Begins`. */
  readonly begins: Uint8Array;
  /** At `threeBytes` of three bytes 1 where a pattern may begin with them, the third being also what the matcher looks past. */
  readonly goesOn: Uint8Array;
}

/** Where three bytes stand in `goesOn`. Few share a place. */
export function threeBytes(one: number, two: number, three: number): number {
  return ((one << 8) ^ (two << 4) ^ (three * 0x9e5)) & 0xffff;
}

/** Builds the automaton of byte strings. `past` are bytes that the matcher looks past. */
export function compilePatterns(patterns: readonly string[], past: readonly number[]): Patterns {
  const trie = createTrie(patterns.reduce((sum, pattern) => sum + pattern.length, 1));
  for (const pattern of patterns) trie.add(pattern);
  const { first, sibling, byteOf, depth, matched } = trie;
  const fallback = new Int32Array(trie.size());
  const root = new Int32Array(256);
  for (let child = first[0] ?? 0; child !== 0; child = sibling[child] ?? 0) root[byteOf[child] ?? 0] = child;

  const next = (from: number, byte: number) => {
    for (let state = from; state !== 0; state = fallback[state] ?? 0) {
      for (let child = first[state] ?? 0; child !== 0; child = sibling[child] ?? 0) {
        if (byteOf[child] === byte) return child;
      }
    }
    return root[byte] ?? 0;
  };

  // Breadth first, so that the fallback of a state is finished before the state's children need it.
  const order = new Int32Array(trie.size());
  for (let at = 0, count = 1; at < count; at++) {
    const state = order[at] ?? 0;
    for (let child = first[state] ?? 0; child !== 0; child = sibling[child] ?? 0) {
      order[count++] = child;
      if (state === 0) continue;
      const shorter = next(fallback[state] ?? 0, byteOf[child] ?? 0);
      fallback[child] = shorter;
      if (matched[child] === 0) matched[child] = matched[shorter] ?? 0;
    }
  }
  const endsWith = (longer: number, shorter: number) => {
    for (let state = longer; state !== 0; state = fallback[state] ?? 0) if (state === shorter) return true;
    return false;
  };
  return { next, endsWith, depth, matched, ...beginnings(trie, past) };
}

interface Trie {
  /** A state's first child, and its next sibling; 0 for none. */
  readonly first: Int32Array;
  readonly sibling: Int32Array;
  readonly byteOf: Uint8Array;
  readonly depth: Int32Array;
  readonly matched: Int32Array;
  size(): number;
  add(pattern: string): void;
}

function createTrie(maxStates: number): Trie {
  const first = new Int32Array(maxStates);
  const sibling = new Int32Array(maxStates);
  const byteOf = new Uint8Array(maxStates);
  const depth = new Int32Array(maxStates);
  const matched = new Int32Array(maxStates);
  let size = 1;
  const childOf = (state: number, byte: number) => {
    for (let child = first[state] ?? 0; child !== 0; child = sibling[child] ?? 0) {
      if (byteOf[child] === byte) return child;
    }
    const child = size++;
    byteOf[child] = byte;
    depth[child] = (depth[state] ?? 0) + 1;
    sibling[child] = first[state] ?? 0;
    first[state] = child;
    return child;
  };
  return {
    ...{ first, sibling, byteOf, depth, matched },
    size: () => size,
    add(pattern) {
      let state = 0;
      for (let at = 0; at < pattern.length; at++) state = childOf(state, pattern.charCodeAt(at));
      matched[state] = pattern.length;
    },
  };
}

function beginnings(trie: Trie, past: readonly number[]): Pick<Patterns, "begins" | "goesOn"> {
  const begins = new Uint8Array(65_536);
  const goesOn = new Uint8Array(65_536);
  const { byteOf } = trie;
  for (const first of childrenOf(trie, 0)) {
    const one = byteOf[first] ?? 0;
    for (const byte of past) begins[(one << 8) | byte] = Begins.past;
    for (const second of childrenOf(trie, first)) {
      const two = byteOf[second] ?? 0;
      begins[(one << 8) | two] = Begins.pattern;
      for (const byte of past) goesOn[threeBytes(one, two, byte)] = 1;
      for (const third of childrenOf(trie, second)) goesOn[threeBytes(one, two, byteOf[third] ?? 0)] = 1;
    }
  }
  return { begins, goesOn };
}

function* childrenOf({ first, sibling }: Trie, state: number): Iterable<number> {
  for (let child = first[state] ?? 0; child !== 0; child = sibling[child] ?? 0) yield child;
}
