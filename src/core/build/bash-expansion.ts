import { assertNever } from "../values/assert.ts";
import { err, ok, type Result } from "../values/result.ts";
import { matchEnds, type Pattern, type PatternCharacter, readPattern } from "./bash-pattern.ts";
import type { Operation, Piece, Word } from "./bash-word.ts";

/** What an expansion may look up and how much work it may be; shared by all values of one build. */
export interface ExpansionScope {
  /** A key's value; undefined where there is none, which is not the same as an empty one. */
  readonly value: (key: string) => string | undefined;
  /** Told the cost of each part; false where a build has used up what it may. */
  readonly spend: (steps: number) => boolean;
  /** The longest text that a value may become. */
  readonly maxLength: number;
}

/**
 * Evaluates bash's parameter expansions as bash 5 does in double quotes. Source of the list of operators: section 3.7
 * of our notes on Cloud Build; Google's own evaluator was not compared. What `${V:=w}` assigns holds to the end of the
 * word. The error is bash's own sentence where it has one.
 */
export function expandWord(word: Word, scope: ExpansionScope): Result<string, string> {
  const run: Run = { ...scope, spend, assigned: new Map(), complaint: undefined };
  function spend(steps: number): boolean {
    if (!scope.spend(steps)) run.complaint ??= "it takes too much work";
    return run.complaint === undefined;
  }
  const text = textOf(word, run);
  return run.complaint === undefined ? ok(text) : err(run.complaint);
}

interface Run extends ExpansionScope {
  readonly assigned: Map<string, string>;
  complaint: string | undefined;
}

type Parameter = Extract<Piece, { kind: "parameter" }>;

function textOf(word: Word, run: Run): string {
  let text = "";
  for (const piece of word) {
    if (run.complaint !== undefined) return "";
    text += piece.kind === "text" ? piece.text : parameterOf(piece, run);
    if (text.length > run.maxLength) run.complaint ??= `it becomes longer than ${run.maxLength} characters`;
  }
  return text;
}

function parameterOf({ name, operation }: Parameter, run: Run): string {
  const value = run.assigned.get(name) ?? run.value(name);
  if (!run.spend(1 + (value ?? "").length)) return "";
  switch (operation.kind) {
    case "value":
      return value ?? "";
    case "length":
      return String([...(value ?? "")].length);
    case "otherwise":
      return otherwise(operation, { name, value }, run);
    case "slice":
      return value === undefined ? "" : slice(operation, { name, characters: [...value] }, run);
    case "remove":
      return remove(operation, [...(value ?? "")], run);
    case "replace":
      return value === undefined ? "" : replace(operation, [...value], run);
    case "case":
      return changeCase(operation, [...(value ?? "")], run);
    default:
      return assertNever(operation);
  }
}

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

function otherwise(
  { sign, missing, word }: Of<"otherwise">,
  { name, value }: { readonly name: string; readonly value: string | undefined },
  run: Run,
): string {
  const isMissing = value === undefined || (missing === "empty" && value === "");
  if (sign === "+") return isMissing ? "" : textOf(word, run);
  if (!isMissing) return value;
  const text = textOf(word, run);
  if (sign === "=") run.assigned.set(name, text);
  if (sign === "?") {
    const usual = missing === "empty" ? "parameter null or not set" : "parameter not set";
    run.complaint ??= `${name}: ${text === "" ? usual : text}`;
  }
  return text;
}

function slice(
  { offset, length }: Of<"slice">,
  { name, characters }: { readonly name: string; readonly characters: readonly string[] },
  run: Run,
): string {
  if (offset.length === 0 && length === undefined) run.complaint ??= "bad substitution";
  const given = numberOf(offset, run);
  const from = given < 0 ? characters.length + given : given;
  if (from < 0 || from > characters.length) return "";
  const count = length === undefined ? characters.length : numberOf(length, run);
  const to = count < 0 ? characters.length + count : from + count;
  if (to < from) run.complaint ??= `${name}: substring expression < 0`;
  return characters.slice(from, to).join("");
}

/** Bash takes arithmetic here; a whole number, perhaps in parentheses, is all that is evaluated. Empty is 0. */
function numberOf(word: Word, run: Run): number {
  const text = textOf(word, run).trim();
  if (text === "") return 0;
  const digits = /^([+-]?) ?(0|[1-9]\d{0,14})$/.exec(text.replace(/^\((.*)\)$/, "$1").trim());
  if (digits === null) run.complaint ??= `"${text}" is not a whole number, and arithmetic is not evaluated`;
  return Number(`${digits?.[1] ?? ""}${digits?.[2] ?? 0}`);
}

function remove({ side, take, pattern }: Of<"remove">, characters: readonly string[], run: Run): string {
  const read = patternOf(pattern, run);
  const length = matchLength(side === "start" ? { read, characters } : reversed(read, characters), run, take);
  if (length === undefined) return characters.join("");
  return (side === "start" ? characters.slice(length) : characters.slice(0, characters.length - length)).join("");
}

interface Match {
  readonly read: Pattern;
  readonly characters: readonly string[];
}

function reversed(read: Pattern, characters: readonly string[]): Match {
  return { read: [...read].reverse(), characters: [...characters].reverse() };
}

/** How much of the beginning the pattern takes; undefined where it does not match. */
function matchLength({ read, characters }: Match, run: Run, take: "least" | "most"): number | undefined {
  const ends = matchEnds(read, characters, { from: 0, spend: run.spend });
  return ends.at(take === "least" ? 0 : -1);
}

function replace({ place, pattern, replacement }: Of<"replace">, characters: readonly string[], run: Run): string {
  const read = patternOf(pattern, run);
  const text = characters.join("");
  const anchored = place === "start" || place === "end";
  if (read.length === 0 && !anchored) return text;
  const by = textOf(replacement, run);
  if (anchored) {
    const length = matchLength(place === "start" ? { read, characters } : reversed(read, characters), run, "most");
    if (length === undefined) return text;
    if (place === "start") return by + characters.slice(length).join("");
    return characters.slice(0, characters.length - length).join("") + by;
  }
  return replaceFound({ read, characters }, { by, place }, run);
}

/**
 * Leftmost matches, each as long as it can be. Linear in pattern times text: one pass backwards finds where matches
 * begin; a pattern with `*` matches at most once, any other one has a fixed length.
 */
function replaceFound({ read, characters }: Match, { by, place }: { by: string; place: Place }, run: Run): string {
  const backwards = reversed(read, characters);
  const begins = matchEnds(["any", ...backwards.read], backwards.characters, { from: 0, spend: run.spend })
    .map((end) => characters.length - end)
    .reverse();
  let result = "";
  let at = 0;
  for (const begin of begins) {
    if (begin < at || (begin > 0 && begin === characters.length)) continue;
    const end = matchEnds(read, characters, { from: begin, spend: run.spend }).at(-1);
    if (end === undefined) continue;
    result += characters.slice(at, begin).join("") + by;
    at = end;
    if (place === "first" || result.length > run.maxLength) break;
  }
  return result + characters.slice(at).join("");
}

type Place = Of<"replace">["place"];

function changeCase({ to, place, pattern }: Of<"case">, characters: readonly string[], run: Run): string {
  const read = patternOf(pattern, run);
  const fits = (character: string) =>
    read.length === 0 || matchEnds(read, [character], { from: 0, spend: run.spend }).includes(1);
  const change = (character: string, index: number) => {
    if ((place === "first" && index > 0) || !fits(character)) return character;
    const changed = to === "upper" ? character.toUpperCase() : character.toLowerCase();
    return [...changed].length === 1 ? changed : character; // bash changes a character into one, never into two
  };
  return characters.map(change).join("");
}

/** A pattern with its parameters filled in: what they bring is pattern too, unless it is quoted. */
function patternOf(word: Word, run: Run): Pattern {
  const characters = word.flatMap((piece): readonly PatternCharacter[] => {
    const text = piece.kind === "text" ? piece.text : parameterOf(piece, run);
    return [...text].map((character) => ({ text: character, isQuoted: piece.isQuoted }));
  });
  return run.spend(characters.length) ? readPattern(characters) : [];
}
