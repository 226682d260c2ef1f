/** Parts of splicing into YAML as a text: where nodes stand, how a value is written. Begin with `replaceScalar`. */
import { isScalar, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import { present } from "../values/assert.ts";

/** A stretch of a text, in characters, and what takes its place. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The text with the splice done. */
export function applySplice(text: string, splice: Splice | undefined): string {
  return splice === undefined ? text : text.slice(0, splice.from) + splice.text + text.slice(splice.to);
}

/** A name with nothing behind it. */
export function isEmpty(value: unknown): boolean {
  return value === null || (isScalar(value) && (value.value === null || value.value === "") && value.type === "PLAIN");
}

/** The entry of a map with this key. */
export function pairNamed(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === name);
}

/** Keeps the quotes that stand there; a value over several lines becomes one on a single line. */
export function replaceScalar(text: string, node: Scalar, value: string): Splice | undefined {
  const [from, to] = rangeOf(node);
  if (String(node.value) === value) return undefined;
  if (node.type === "QUOTE_SINGLE") return { from, to, text: `'${value.replaceAll("'", "''")}'` };
  if (node.type === "QUOTE_DOUBLE") return { from, to, text: JSON.stringify(value) };
  // A block scalar ends behind its last line break, which the next key needs.
  return { from, to: beforeLineBreak(text, to), text: plain(value) };
}

/** What YAML 1.1 or 1.2 takes for a number, a date, a time, a truth or nothing where it stands without quotes. */
const IMPLICIT =
  /^([-+.\d][\d_.,:]*(e[-+]?\d+)?|0[xob][\da-f_]+|\d+-\d+-\d+([t\s].*)?|true|false|yes|no|on|off|y|n|null|~|[-+]?\.(inf|nan))$/i;

/** Words of letters, digits and what commands and references are made of; none ends in a colon. */
const WORDS = /^(\.\/)?[A-Za-z0-9][\w./@:+=()'>-]*( [\w./@:+=()'>-]+)*$/;

/** Digests, most commits, references and commands need no quotes; what readers with implicit types take otherwise does. */
export function plain(value: string): string {
  const isSafe = WORDS.test(value) && !IMPLICIT.test(value) && !/:( |$)/.test(value);
  return isSafe ? value : JSON.stringify(value);
}

/** From, and to (exclusive), in characters. */
export function rangeOf(node: unknown): readonly [from: number, to: number] {
  const [from, to] = present((node as Node).range ?? undefined, "a range of each node that was read");
  return [from, to];
}

/** Where a node begins. */
export function startOf(node: unknown): number {
  return rangeOf(node)[0];
}

/** Where a node ends, exclusive. */
export function endOf(node: unknown): number {
  return rangeOf(node)[1];
}

/** Where an entry of a map ends: its value, or its key where it has none. */
export function endOfPair({ key, value }: Pair): number {
  return Math.max(endOf(key), value === null ? 0 : endOf(value));
}

/** The place before the line break that ends there, if one does. */
export function beforeLineBreak(text: string, at: number): number {
  if (text[at - 1] !== "\n") return at;
  return text[at - 2] === "\r" ? at - 2 : at - 1;
}

/** The end of the line around a place, before its line break. */
export function endOfLine(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  if (found === -1) return text.length;
  return text[found - 1] === "\r" ? found - 1 : found;
}
