/**
 * Reads bash's parameter expansions, as far as Cloud Build's substitution values may have them: `${V}`, `${V:-w}`,
 * `${V:o:l}`, `${V#p}`, `${V/p/r}`, `${V^}` and their like, as if they stood in double quotes. Begin with `readWord`.
 */
import { err, ok, type Result } from "../values/result.ts";
import type { Operation, Piece, Place, Word } from "./bash-word.ts";

/** How deep expansions may stand in one another. */
const MAX_DEPTH = 20;

/** Reads a whole value. A `$` that begins no token is literal, as in Cloud Build's tokenizer. */
export function readWord(text: string): Result<Word, string> {
  const reader: Reader = { text, at: 0, complaint: undefined };
  const word = readUntil(reader, "text", "", 0);
  return reader.complaint === undefined ? ok(word) : err(reader.complaint);
}

interface Reader {
  readonly text: string;
  at: number;
  complaint: string | undefined;
}

/**
 * `text` is a value's own text: nothing but `$` means anything. `quoted` is a word in double quotes, where `\` and `"`
 * do. In a `pattern`, and in what replaces it, single quotes do too.
 */
type Mode = "text" | "quoted" | "pattern";

/** Reads up to one of the characters of `stops`, or to the end. */
function readUntil(reader: Reader, mode: Mode, stops: string, depth: number): Word {
  const pieces: Piece[] = [];
  let isQuoted = false;
  const add = (text: string, quoted: boolean) => pieces.push({ kind: "text", text, isQuoted: quoted });
  while (reader.at < reader.text.length && reader.complaint === undefined) {
    const character = reader.text.charAt(reader.at);
    if (!isQuoted && stops.includes(character) && stops !== "") break;
    if (character === "$") {
      pieces.push(readDollar(reader, { mode, isQuoted, depth }));
    } else if (mode === "text") {
      const next = reader.text.indexOf("$", reader.at);
      const end = next < 0 ? reader.text.length : next;
      add(reader.text.slice(reader.at, end), true);
      reader.at = end;
    } else if (character === "\\") {
      readBackslash(reader, mode === "quoted" || isQuoted, add);
    } else if (character === '"') {
      isQuoted = !isQuoted;
      reader.at++;
    } else if (character === "'" && mode === "pattern" && !isQuoted) {
      readSingleQuotes(reader, add);
    } else if (character === "`") {
      reader.complaint = "commands are not run";
    } else {
      add(character, isQuoted);
      reader.at++;
    }
  }
  return pieces;
}

type Add = (text: string, isQuoted: boolean) => void;

/** In double quotes a backslash protects `$`, a backquote, `"`, `\` and `}` alone, and stands for itself elsewhere. */
function readBackslash(reader: Reader, isInQuotes: boolean, add: Add): void {
  const next = reader.text.charAt(reader.at + 1);
  if (next === "" || (isInQuotes && !'$`"\\}'.includes(next))) {
    add("\\", true);
    reader.at++;
    return;
  }
  add(next, true);
  reader.at += 2;
}

function readSingleQuotes(reader: Reader, add: Add): void {
  const end = reader.text.indexOf("'", reader.at + 1);
  if (end < 0) {
    reader.complaint = "a quote is not closed";
    return;
  }
  add(reader.text.slice(reader.at + 1, end), true);
  reader.at = end + 1;
}

const NAME = /[A-Z_][A-Z0-9_]*/y;

function readName(reader: Reader, at: number): string {
  NAME.lastIndex = at;
  return NAME.exec(reader.text)?.[0] ?? "";
}

interface Context {
  readonly mode: Mode;
  readonly isQuoted: boolean;
  readonly depth: number;
}

function readDollar(reader: Reader, context: Context): Piece {
  const { text, at } = reader;
  const { isQuoted } = context;
  const literal = (length: number): Piece => {
    reader.at = at + length;
    return { kind: "text", text: "$", isQuoted: true };
  };
  if (text[at + 1] === "$") return literal(2);
  const bare = readName(reader, at + 1);
  if (bare !== "") {
    reader.at = at + 1 + bare.length;
    return { kind: "parameter", name: bare, operation: { kind: "value" }, isQuoted };
  }
  if (text[at + 1] === "(" && context.mode !== "text") reader.complaint = "commands are not run";
  if (text[at + 1] !== "{") return literal(1);
  const isLength = text[at + 2] === "#";
  const isIndirect = text[at + 2] === "!";
  const nameAt = at + (isLength || isIndirect ? 3 : 2);
  const name = readName(reader, nameAt);
  const after = nameAt + name.length;
  // `${x`, `${1}` and an unclosed `${X` are no tokens: the tokenizer leaves them as they are.
  if (name === "" || after >= text.length) return literal(1);
  reader.at = after;
  if (isIndirect) reader.complaint = "a name cannot be looked up by the value of another";
  const operation: Operation = isLength ? { kind: "length" } : readOperation(reader, context.depth + 1);
  if (reader.complaint === undefined) expect(reader, "}");
  return { kind: "parameter", name, operation, isQuoted };
}

function expect(reader: Reader, character: string): void {
  if (reader.text[reader.at] === character) reader.at++;
  else reader.complaint = reader.at < reader.text.length ? "bad substitution" : `"${character}" is missing`;
}

function readOperation(reader: Reader, depth: number): Operation {
  if (depth > MAX_DEPTH) reader.complaint = `expansions stand in one another more than ${MAX_DEPTH} times`;
  const sign = reader.text.charAt(reader.at);
  const colon = sign === ":" ? reader.text.charAt(reader.at + 1) : sign;
  if ("-=?+".includes(colon) && colon !== "") {
    reader.at += sign === ":" ? 2 : 1;
    const word = readUntil(reader, "quoted", "}", depth);
    return { kind: "otherwise", sign: colon, missing: sign === ":" ? "empty" : "unset", word };
  }
  switch (sign) {
    case ":":
      return readSlice(reader, depth);
    case "#":
    case "%": {
      const isDouble = take(reader, sign) === 2;
      const pattern = readUntil(reader, "pattern", "}", depth);
      return { kind: "remove", side: sign === "#" ? "start" : "end", take: isDouble ? "most" : "least", pattern };
    }
    case "/":
      return readReplacement(reader, depth);
    case "^":
    case ",": {
      const place = take(reader, sign) === 2 ? "all" : "first";
      return {
        kind: "case",
        to: sign === "^" ? "upper" : "lower",
        place,
        pattern: readUntil(reader, "pattern", "}", depth),
      };
    }
    default:
      return { kind: "value" };
  }
}

/** Goes past one or two of a character. */
function take(reader: Reader, character: string): 1 | 2 {
  const count = reader.text[reader.at + 1] === character ? 2 : 1;
  reader.at += count;
  return count;
}

function readSlice(reader: Reader, depth: number): Operation {
  reader.at++;
  const offset = readUntil(reader, "quoted", ":}", depth);
  if (reader.text[reader.at] !== ":") return { kind: "slice", offset, length: undefined };
  reader.at++;
  return { kind: "slice", offset, length: readUntil(reader, "quoted", ":}", depth) };
}

const PLACES: Readonly<Record<string, Place>> = { "/": "all", "#": "start", "%": "end" };

function readReplacement(reader: Reader, depth: number): Operation {
  reader.at++;
  const place = PLACES[reader.text.charAt(reader.at)] ?? "first";
  if (place !== "first") reader.at++;
  // After `//` bash takes one more `/` for the pattern's own.
  const slash: Word = place === "all" && reader.text[reader.at] === "/" ? [plainSlash(reader)] : [];
  const pattern = [...slash, ...readUntil(reader, "pattern", "/}", depth)];
  if (reader.text[reader.at] !== "/") return { kind: "replace", place, pattern, replacement: [] };
  reader.at++;
  return { kind: "replace", place, pattern, replacement: readUntil(reader, "pattern", "}", depth) };
}

function plainSlash(reader: Reader): Piece {
  reader.at++;
  return { kind: "text", text: "/", isQuoted: true };
}
