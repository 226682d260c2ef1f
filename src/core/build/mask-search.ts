/** The search for secrets in a stream, which looks past line breaks and escape sequences. Begin with `createSearch`. */
import { type Cursor, lookPast, startOf } from "./mask-cursor.ts";
import { ESCAPE, type EscapePlace, nextPlace } from "./mask-escapes.ts";
import { Begins, type Patterns, threeBytes } from "./mask-patterns.ts";
import { createRegions, type Regions } from "./mask-regions.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** The bytes with which begins what is looked past. */
export const PASSED: readonly number[] = [LINE_FEED, CARRIAGE_RETURN, ESCAPE];
/** A line that ends with no more of a possible secret is given out at once: somebody may wait for it. */
const MAX_SHOWN_BYTES = 2;
/** So far it is worth to look whether what may have begun goes on. */
const MAX_AHEAD_BYTES = 64;
/** More occurrences with escape sequences in them, one in the other, than anything but malice makes. */
const MAX_FOLLOWERS = 8;

export interface Search {
  readonly regions: Regions;
  /** Reads on in the stream: the bytes from the index on, which are its next. */
  read(bytes: Uint8Array, from: number): void;
  /** How much of the stream is read. */
  position(): number;
  /** Whatever is found later begins here or behind. */
  undecided(): number;
}

/**
 * What looks past escape sequences, too. There is one only while a sequence stands in what may become an occurrence: the
 * plain cursor reads sequences as text, so that it finds what stands inside of them and all that stands between them.
 */
interface Follower extends Cursor {
  place: EscapePlace;
  /** Bytes read behind the last escape sequence. */
  sinceEscape: number;
}

/** A search at the beginning of a stream. */
export function createSearch(patterns: Patterns): Search {
  const { next, depth, matched } = patterns;
  const regions = createRegions();
  const plain: Cursor = { state: 0, gaps: [] };
  const alone: readonly Cursor[] = [plain];
  let followers: readonly Follower[] = [];
  let position = 0;
  let shownUntil = 0;

  const found = (cursor: Cursor, end: number) => {
    const length = matched[cursor.state] ?? 0;
    if (length === 0) return;
    const start = startOf(cursor, end, length);
    const hasEscape = cursor !== plain && end - start > length;
    regions.add({ start: Math.max(start, shownUntil), end, hasEscape });
  };

  const readFurther = (byte: number, at: number) => {
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
      const cursors = followers.length === 0 ? alone : [plain, ...followers];
      if (breakLine(cursors, at, patterns) === "shown") shownUntil = at + 1;
      for (const follower of followers) follower.place = "outside"; // a line break ends an escape sequence
      return;
    }
    if (byte === ESCAPE) followers = withFollower(followers, plain, patterns);
    for (const follower of followers) {
      follow(follower, { byte, at }, patterns);
      if (follower.sinceEscape > 0) found(follower, at + 1);
    }
    // Once its occurrence lies behind the sequence, or is none, the plain cursor has it too.
    followers = followers.filter(({ state, sinceEscape }) => (depth[state] ?? 0) > sinceEscape);
    plain.state = next(plain.state, byte);
    found(plain, at + 1);
  };

  return {
    regions,
    read(bytes, from) {
      const last = bytes.length - 1;
      const begin = position - from;
      for (let at = from; at <= last; at++) {
        if (plain.state === 0 && followers.length === 0) {
          at = nextBeginning(bytes, at, patterns);
          plain.state = next(0, bytes[at] ?? 0);
          continue;
        }
        const byte = bytes[at] ?? 0;
        if (followers.length > 0 || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === ESCAPE) {
          readFurther(byte, begin + at);
          continue;
        }
        plain.state = next(plain.state, byte);
        if (matched[plain.state] !== 0) found(plain, begin + at + 1);
        if (depth[plain.state] !== 1) continue;
        // Most bytes begin some form of a secret, hardly ever does the next one go on with it.
        at = nextBeginning(bytes, at, patterns);
        plain.state = next(0, bytes[at] ?? 0);
      }
      position = begin + bytes.length;
    },
    position: () => position,
    undecided() {
      const starts = [plain, ...followers].map((cursor) => startOf(cursor, position, depth[cursor.state] ?? 0));
      return Math.max(shownUntil, Math.min(...starts));
    },
  };
}

/** Looks past a line break; where so little of anything stands before it that it is shown whatever follows, says so. */
function breakLine(cursors: readonly Cursor[], at: number, patterns: Patterns): "shown" | "kept" {
  if (cursors.every(({ state }) => (patterns.depth[state] ?? 0) <= MAX_SHOWN_BYTES)) {
    // Nothing is hidden from before here, so it does not matter where there.
    for (const { gaps } of cursors) gaps.length = 0;
    return "shown";
  }
  for (const cursor of cursors) lookPast(cursor, at, patterns);
  return "kept";
}

/** Adds one for an escape sequence that begins; where another follows the same already, it does for both. */
function withFollower(followers: readonly Follower[], plain: Cursor, patterns: Patterns): readonly Follower[] {
  if (plain.state === 0 || followers.length >= MAX_FOLLOWERS) return followers;
  if (followers.some((other) => patterns.endsWith(other.state, plain.state))) return followers;
  return [...followers, { state: plain.state, gaps: [...plain.gaps], place: "outside", sinceEscape: 0 }];
}

function follow(follower: Follower, { byte, at }: { byte: number; at: number }, patterns: Patterns): void {
  if (byte === ESCAPE || follower.place !== "outside") {
    follower.place = nextPlace(follower.place, byte);
    follower.sinceEscape = 0;
    lookPast(follower, at, patterns);
  } else {
    follower.state = patterns.next(follower.state, byte);
    follower.sinceEscape += 1;
  }
}

/** The first byte from `at` on with which a pattern may begin that goes on after it; else the last one of the chunk. */
function nextBeginning(bytes: Uint8Array, from: number, patterns: Patterns): number {
  const { begins, goesOn } = patterns;
  const last = bytes.length - 1;
  let at = from;
  let byte = bytes[at] ?? 0;
  while (at < last) {
    // Four at a time, as mostly none of them is one.
    while (at + 4 <= last) {
      const one = bytes[at + 1] ?? 0;
      const two = bytes[at + 2] ?? 0;
      const three = bytes[at + 3] ?? 0;
      const four = bytes[at + 4] ?? 0;
      const first = (begins[(byte << 8) | one] ?? 0) | (begins[(one << 8) | two] ?? 0);
      if ((first | (begins[(two << 8) | three] ?? 0) | (begins[(three << 8) | four] ?? 0)) !== Begins.no) break;
      at += 4;
      byte = four;
    }
    for (const end = Math.min(last, at + 4); at < end; at++) {
      const following = bytes[at + 1] ?? 0;
      const kind = begins[(byte << 8) | following];
      if (kind === Begins.pattern) {
        if (at + 2 > last || goesOn[threeBytes(byte, following, bytes[at + 2] ?? 0)] === 1) return at;
      } else if (kind === Begins.past && goesOnBehind(bytes, at, patterns)) return at;
      byte = following;
    }
  }
  return last;
}

/** Whether a pattern may begin with this byte and go on behind the line breaks and escape sequences that follow it. */
function goesOnBehind(bytes: Uint8Array, at: number, { begins, goesOn }: Patterns): boolean {
  const end = Math.min(bytes.length, at + MAX_AHEAD_BYTES);
  const one = bytes[at] ?? 0;
  let to = at + 1;
  while (to < end) {
    const two = bytes[to] ?? 0;
    if (two === LINE_FEED || two === CARRIAGE_RETURN) to++;
    else if (two === ESCAPE) to = afterColour(bytes, to, end);
    else if (begins[(one << 8) | two] === Begins.no) return false;
    else return to + 1 >= bytes.length || goesOn[threeBytes(one, two, bytes[to + 1] ?? 0)] === 1;
  }
  return true;
}

/** Where the commonest kind of escape sequence ends; `end` for any other. */
function afterColour(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at + 1] !== 0x5b) return end;
  let to = at + 2;
  while (to < end && (bytes[to] ?? 0) >= 0x30 && (bytes[to] ?? 0) < 0x40) to++;
  const isWhole = to < end && (bytes[to] ?? 0) >= 0x40 && (bytes[to] ?? 0) < 0x7f;
  return isWhole ? to + 1 : end;
}
