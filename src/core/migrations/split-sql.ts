/**
 * PostgreSQL's own lexical rules, as far as they decide where a statement ends: a migration file is cut into statements
 * without a server. Begin at `splitSql`; `classify-sql.ts` says how a file has to be run.
 */

import type { NonEmpty, Position, Problem } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import { sqlCopyFromStdin, sqlMetaCommand, sqlUnterminated } from "./problems.ts";
import { type SqlToken, tokenAt } from "./sql-tokens.ts";

/** One statement with all that stands before it. The pieces of a file, one after another, are the file. */
export interface SqlPiece {
  /** With the comments before it and the semicolon after it. */
  readonly text: string;
  /** Where its first word begins, in UTF-16 units from the start of `text`; the end when it has none. */
  readonly start: number;
  /** The same place, from the start of the file. */
  readonly offset: number;
  readonly position: Position;
  /** Words, upper case, and quoted things as `'…'`, `"…"`; what stands in parentheses included. Empty: only comments. */
  readonly words: readonly string[];
}

/** How many words of one statement are kept; what decides its kind stands among the first. */
const MAX_WORDS = 5_000;

/** Cuts a file into its statements. `file` is its name for messages. Gives every problem at once. */
export function splitSql(sql: string, file: string): Result<readonly SqlPiece[], NonEmpty<Problem>> {
  const pieces: SqlPiece[] = [];
  const problems: Problem[] = [];
  const lineStarts = startsOfLines(sql);
  const positionOf = (offset: number) => positionIn(lineStarts, file, offset);
  let statement = newStatement(0);
  let offset = 0;
  while (offset < sql.length) {
    const token = tokenAt(sql, offset);
    if (token.kind === "unterminated") problems.push(sqlUnterminated(token.what, positionOf(offset)));
    if (token.kind === "backslash") problems.push(sqlMetaCommand(token.text.trim(), positionOf(offset)));
    take(statement, token, offset);
    offset += token.text.length;
    if (token.kind === "semicolon" && statement.parentheses === 0 && statement.bodies === 0) {
      pieces.push(pieceOf(statement, sql, offset, positionOf));
      statement = newStatement(offset);
    }
  }
  if (statement.from < sql.length) pieces.push(pieceOf(statement, sql, sql.length, positionOf));
  for (const piece of pieces) if (readsRowsFromFile(piece)) problems.push(sqlCopyFromStdin(piece.position));
  const [first, ...others] = problems;
  return first === undefined ? ok(pieces) : err([first, ...others]);
}

/** The position of an offset in a text. */
export function positionAt(text: string, file: string, offset: number): Position {
  return positionIn(startsOfLines(text), file, offset);
}

interface Statement {
  readonly from: number;
  firstWord: number | undefined;
  readonly words: string[];
  parentheses: number;
  /** Open `BEGIN ATOMIC` bodies and the CASEs within, whose semicolons end nothing. */
  bodies: number;
}

function newStatement(from: number): Statement {
  return { from, firstWord: undefined, words: [], parentheses: 0, bodies: 0 };
}

function take(statement: Statement, token: SqlToken, offset: number): void {
  if (token.kind === "space" || token.kind === "semicolon") return;
  statement.firstWord ??= offset;
  const word = wordOf(token);
  if (word !== undefined && statement.words.length < MAX_WORDS) statement.words.push(word);
  if (token.kind === "symbol" && token.text === "(") statement.parentheses += 1;
  if (token.kind === "symbol" && token.text === ")") statement.parentheses = Math.max(0, statement.parentheses - 1);
  if (token.kind === "word" && statement.parentheses === 0 && makesRoutine(statement.words)) {
    statement.bodies += bodiesOpenedBy(word, statement);
  }
}

function wordOf(token: SqlToken): string | undefined {
  if (token.kind === "word") return token.text.toUpperCase();
  return token.kind === "quoted" ? token.text : undefined;
}

function makesRoutine(words: readonly string[]): boolean {
  const [first, second, third, fourth] = words;
  if (first !== "CREATE") return false;
  const what = second === "OR" && third === "REPLACE" ? fourth : second;
  return what === "FUNCTION" || what === "PROCEDURE";
}

function bodiesOpenedBy(word: string | undefined, { bodies, words }: Statement): number {
  if (word === "ATOMIC" && words.at(-2) === "BEGIN") return 1;
  if (bodies === 0) return 0;
  if (word === "CASE") return 1;
  return word === "END" ? -1 : 0;
}

function pieceOf(statement: Statement, sql: string, end: number, positionOf: (offset: number) => Position): SqlPiece {
  const first = statement.firstWord ?? end;
  return {
    text: sql.slice(statement.from, end),
    start: first - statement.from,
    offset: first,
    position: positionOf(first),
    words: statement.words,
  };
}

function readsRowsFromFile({ words }: SqlPiece): boolean {
  if (words[0] !== "COPY") return false;
  return words.some((word, index) => word === "FROM" && words[index + 1] === "STDIN");
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function positionIn(lineStarts: readonly number[], file: string, offset: number): Position {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { file, line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}
