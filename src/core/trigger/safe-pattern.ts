import { RE2JS } from "re2js";
import { err, ok, type Result } from "../values/result.ts";

/** Whether a text has the pattern anywhere in it. */
export type Pattern = (text: string) => boolean;

const MAX_LENGTH = 1_000;

/**
 * A regular expression as Google's services take it: RE2's syntax, in time linear in the text, whatever the expression.
 * JavaScript's own would let a sender stop the server with one well-chosen name.
 */
export function parsePattern(text: string): Result<Pattern, string> {
  if (text.length > MAX_LENGTH) return err(`a regular expression has at most ${MAX_LENGTH} characters`);
  try {
    const compiled = RE2JS.compile(text);
    return ok((value) => compiled.test(value));
  } catch (cause) {
    return err(`${JSON.stringify(text)} is no RE2 expression: ${cause instanceof Error ? cause.message : cause}`);
  }
}
