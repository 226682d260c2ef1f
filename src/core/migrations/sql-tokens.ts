/** A piece of SQL that belongs together. `space` is white space and comments. Its `text` is never empty. */
export type SqlToken =
  | { readonly kind: "space" | "word" | "quoted" | "semicolon" | "symbol" | "backslash"; readonly text: string }
  | { readonly kind: "unterminated"; readonly text: string; readonly what: string };

// Sticky: each tries at exactly one place. PostgreSQL takes every character above ASCII for a letter.
const SPACE = /[ \t\r\n\f\v]+/y;
const LINE_COMMENT = /--[^\r\n]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /[0-9][A-Za-z0-9_.$]*/y;
const PARAMETER = /\$[0-9]+/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
/** Prefixes of quoted things: E'…' knows backslashes, the others only doubled quotes. */
const ESCAPE_STRING = /[eE]'[^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*'/y;
const PLAIN_STRING = /(?:[uU]&|[bBxXnN])?'[^']*(?:''[^']*)*'/y;
const IDENTIFIER = /(?:[uU]&)?"[^"]*(?:""[^"]*)*"/y;
const STRING_START = /(?:[uU]&|[bBxXnNeE])?'/y;
const IDENTIFIER_START = /(?:[uU]&)?"/y;
const META_COMMAND = /\\[^\r\n]*/y;

/** The token that begins there. `offset` is within the text and at the end of another token. */
export function tokenAt(sql: string, offset: number): SqlToken {
  const found = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(sql)?.[0];
  };
  const rest = (what: string): SqlToken => ({ kind: "unterminated", text: sql.slice(offset), what });

  const space = found(SPACE) ?? found(LINE_COMMENT);
  if (space !== undefined) return { kind: "space", text: space };
  if (sql.startsWith("/*", offset)) {
    const end = endOfBlockComment(sql, offset);
    return end === undefined ? rest("comment") : { kind: "space", text: sql.slice(offset, end) };
  }
  const quoted = found(ESCAPE_STRING) ?? found(PLAIN_STRING) ?? found(IDENTIFIER);
  if (quoted !== undefined) return { kind: "quoted", text: quoted };
  if (found(STRING_START) !== undefined) return rest("string");
  if (found(IDENTIFIER_START) !== undefined) return rest("quoted identifier");
  const word = found(WORD);
  if (word !== undefined) return { kind: "word", text: word };
  const tag = found(DOLLAR_TAG);
  if (tag !== undefined) {
    const end = sql.indexOf(tag, offset + tag.length);
    return end === -1 ? rest(`body quoted with ${tag}`) : { kind: "quoted", text: sql.slice(offset, end + tag.length) };
  }
  const meta = found(META_COMMAND);
  if (meta !== undefined) return { kind: "backslash", text: meta };
  if (sql[offset] === ";") return { kind: "semicolon", text: ";" };
  return { kind: "symbol", text: found(NUMBER) ?? found(PARAMETER) ?? sql.slice(offset, offset + 1) };
}

/** Comments nest in PostgreSQL. */
function endOfBlockComment(sql: string, offset: number): number | undefined {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = offset;
  let depth = 0;
  for (let match = edge.exec(sql); match !== null; match = edge.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return undefined;
}
