/**
 * Bash's patterns (`*`, `?`, `[a-z]`, `[!x]`, `[[:digit:]]`) matched by hand: a pattern comes from a repository, and no
 * text of it may cost more than its length times the value's. Begin with `readPattern`.
 */

/** A character of a pattern; a quoted one stands for itself. */
export interface PatternCharacter {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** What one place of a pattern takes: any number of characters, or one that fits. */
type Element = "any" | ((character: string) => boolean);
export type Pattern = readonly Element[];

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /^[\p{L}\p{Nd}]$/u,
  alpha: /^\p{L}$/u,
  blank: /^[ \t]$/,
  digit: /^[0-9]$/,
  lower: /^\p{Ll}$/u,
  punct: /^[!-/:-@[-`{-~]$/,
  space: /^[ \t\n\v\f\r]$/,
  upper: /^\p{Lu}$/u,
  word: /^[\p{L}\p{Nd}_]$/u,
  xdigit: /^[A-Fa-f0-9]$/,
};

/** Reads a pattern. A `[` without its `]` stands for itself, as in bash. */
export function readPattern(characters: readonly PatternCharacter[]): Pattern {
  const elements: Element[] = [];
  for (let at = 0; at < characters.length; at++) {
    const { text, isQuoted } = characters[at] ?? { text: "", isQuoted: true };
    const set = !isQuoted && text === "[" ? readSet(characters, at + 1) : undefined;
    if (set !== undefined) {
      elements.push(set.fits);
      at = set.end;
    } else if (!isQuoted && text === "*") {
      if (elements.at(-1) !== "any") elements.push("any");
    } else {
      elements.push(!isQuoted && text === "?" ? () => true : (character) => character === text);
    }
  }
  return elements;
}

interface CharacterSet {
  readonly fits: (character: string) => boolean;
  /** Where its `]` is. */
  readonly end: number;
}

function readSet(characters: readonly PatternCharacter[], from: number): CharacterSet | undefined {
  const plain = (at: number) => (characters[at]?.isQuoted === false ? characters[at].text : undefined);
  const isNegated = plain(from) === "!" || plain(from) === "^";
  const members: ((character: string) => boolean)[] = [];
  const first = isNegated ? from + 1 : from;
  for (let at = first; at < characters.length; at++) {
    if (plain(at) === "]" && at > first) {
      return { end: at, fits: (character) => members.some((fits) => fits(character)) !== isNegated };
    }
    const named = plain(at) === "[" && plain(at + 1) === ":" ? readClass(characters, at + 2) : undefined;
    const low = characters[at]?.text ?? "";
    const high = plain(at + 1) === "-" && plain(at + 2) !== "]" ? characters[at + 2]?.text : undefined;
    if (named !== undefined) {
      members.push((character) => named.form.test(character));
      at = named.end;
    } else if (high !== undefined) {
      members.push((character) => codeOf(low) <= codeOf(character) && codeOf(character) <= codeOf(high));
      at += 2;
    } else {
      members.push((character) => character === low);
    }
  }
  return undefined;
}

function readClass(characters: readonly PatternCharacter[], from: number) {
  const rest = characters.slice(from, from + 8).map(({ text }) => text);
  const name = rest.slice(0, rest.indexOf(":")).join("");
  const form = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (form === undefined || rest[name.length] !== ":" || rest[name.length + 1] !== "]") return undefined;
  return { form, end: from + name.length + 1 };
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/**
 * All ends of matches that begin at `from`, ascending. `spend` is told what each character costs, and answers whether
 * to go on.
 */
export function matchEnds(
  pattern: Pattern,
  characters: readonly string[],
  { from, spend }: { readonly from: number; readonly spend: (steps: number) => boolean },
): readonly number[] {
  const ends: number[] = [];
  let active = withSkips(pattern, new Set([0]));
  for (let at = from; active.size > 0; at++) {
    if (active.has(pattern.length)) ends.push(at);
    const character = characters[at];
    if (character === undefined || !spend(active.size)) break;
    const next = new Set<number>();
    for (const state of active) {
      const element = pattern[state];
      if (element === "any") next.add(state);
      else if (element?.(character) === true) next.add(state + 1);
    }
    active = withSkips(pattern, next);
  }
  return ends;
}

/** "Any" takes nothing, too. */
function withSkips(pattern: Pattern, states: Set<number>): Set<number> {
  for (const state of states) {
    if (pattern[state] === "any") states.add(state + 1);
  }
  return states;
}
