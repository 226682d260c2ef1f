/**
 * Changes values in a manifest's text by splicing: everything that is not one of the values named stays as it is, byte
 * for byte. Printing the YAML tree again was tried and changes texts such as `1234e5`.
 */
import { isMap, isScalar, type Node, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { assert, present } from "../values/assert.ts";

export interface ManifestEdit {
  /** Section and key, such as `["images", "mobius-rag"]`. */
  readonly path: readonly [section: string, key: string];
  readonly value: string;
}

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * The text with the values in place; keys and sections that are missing are added at their block's end. Throws
 * `Bug` where a section or value is no map or scalar: `parseManifest` takes no such manifest.
 */
export function rewriteManifest(text: string, edits: readonly ManifestEdit[]): string {
  let changed = text;
  // One at a time: an added section has to be there before its second key is.
  for (const edit of edits) changed = applySplice(changed, spliceOf(changed, edit));
  return changed;
}

function applySplice(text: string, splice: Splice | undefined): string {
  return splice === undefined ? text : text.slice(0, splice.from) + splice.text + text.slice(splice.to);
}

interface Addition {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly lineBreak: string;
}

function spliceOf(text: string, { path: [section, key], value }: ManifestEdit): Splice | undefined {
  const root = parseDocument(text, { schema: "failsafe" }).contents;
  assert(isMap(root), "a manifest is a map");
  const addition = { section, key, value, lineBreak: text.includes("\r\n") ? "\r\n" : "\n" };
  const block = pairNamed(root as YAMLMap, section);
  if (block === undefined) return newSection(text, root as YAMLMap, addition);
  if (isEmpty(block.value)) return firstKey(text, block, root as YAMLMap, addition);
  assert(isMap(block.value), `section ${section} is a map`);
  const pair = pairNamed(block.value as YAMLMap, key);
  if (pair === undefined) return newKey(text, block.value as YAMLMap, addition);
  if (isEmpty(pair.value)) return firstValue(text, pair, value);
  assert(isScalar(pair.value), `${section}.${key} is a scalar`);
  return replace(text, pair.value as Scalar, value);
}

/** A name with nothing behind it. */
function isEmpty(value: unknown): boolean {
  return value === null || (isScalar(value) && (value.value === null || value.value === "") && value.type === "PLAIN");
}

function pairNamed(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === name);
}

/** Keeps the quotes that stand there; a value over several lines becomes one on a single line. */
function replace(text: string, node: Scalar, value: string): Splice | undefined {
  const [from, to] = rangeOf(node);
  if (String(node.value) === value) return undefined;
  if (node.type === "QUOTE_SINGLE") return { from, to, text: `'${value.replaceAll("'", "''")}'` };
  if (node.type === "QUOTE_DOUBLE") return { from, to, text: JSON.stringify(value) };
  // A block scalar ends behind its last line break, which the next key needs.
  return { from, to: beforeLineBreak(text, to), text: plain(value) };
}

/** What YAML 1.1 or 1.2 takes for a number, a date, a time, a truth or nothing where it stands without quotes. */
const IMPLICIT =
  /^([-+.\d][\d_.,:]*(e[-+]?\d+)?|0[xob][\da-f_]+|\d+-\d+-\d+.*|true|false|yes|no|on|off|y|n|null|~|[-+]?\.(inf|nan))$/i;

/** Digests, most commits and image references need no quotes; what readers with implicit types take otherwise does. */
function plain(value: string): string {
  const isSafe = /^[A-Za-z0-9][\w./@:+-]*$/.test(value) && !IMPLICIT.test(value) && !value.endsWith(":");
  return isSafe ? value : JSON.stringify(value);
}

function newKey(text: string, block: YAMLMap, { key, value, lineBreak }: Addition): Splice {
  const last = block.items.at(-1);
  const entry = `${key}: ${plain(value)}`;
  if (block.flow === true) return newFlowEntry(block, entry);
  const keyFrom = startOf(present(last, "a block map with a key").key);
  const indent = " ".repeat(keyFrom - (text.lastIndexOf("\n", keyFrom - 1) + 1));
  const at = endOfLine(text, beforeLineBreak(text, endOfPair(present(last, "a block map with a key"))));
  return { from: at, to: at, text: `${lineBreak}${indent}${entry}` };
}

/** Directly behind the last value, before a comma or a comment that may follow it. */
function newFlowEntry(map: YAMLMap, entry: string): Splice {
  const last = map.items.at(-1);
  const at = last === undefined ? startOf(map) + 1 : endOfPair(last);
  return { from: at, to: at, text: last === undefined ? entry : `, ${entry}` };
}

function newSection(text: string, root: YAMLMap, { section, key, value, lineBreak }: Addition): Splice {
  if (root.flow === true) return newFlowEntry(root, `${section}: {${key}: ${plain(value)}}`);
  const rest = rangeOf(root)[1];
  const end = /^\.\.\.\s*$/m.exec(text.slice(rest));
  const at = end === null ? text.length : rest + end.index;
  const gap = at === 0 || text[at - 1] === "\n" ? "" : lineBreak;
  return { from: at, to: at, text: `${gap}${section}:${lineBreak}  ${key}: ${plain(value)}${lineBreak}` };
}

/** The first entry of a section that stands there without any. */
function firstKey(text: string, section: Pair, root: YAMLMap, { key, value, lineBreak }: Addition): Splice {
  if (root.flow === true) return firstValue(text, section, value, `{${key}: ${plain(value)}}`);
  const at = endOfLine(text, endOf(section.key));
  return { from: at, to: at, text: `${lineBreak}  ${key}: ${plain(value)}` };
}

/** Behind the colon of a key that has no value; where there is no colon either, behind the key. */
function firstValue(text: string, pair: Pair, value: string, written = plain(value)): Splice {
  const [gap = "", colon] = /^[ \t]*(:)?/.exec(text.slice(endOf(pair.key))) ?? [];
  const at = endOf(pair.key) + (colon === undefined ? 0 : gap.length);
  return { from: at, to: at, text: colon === undefined ? `: ${written}` : ` ${written}` };
}

/** From, and to (exclusive), in characters. */
function rangeOf(node: unknown): readonly [from: number, to: number] {
  const [from, to] = present((node as Node).range ?? undefined, "a range of each node that was read");
  return [from, to];
}

function startOf(node: unknown): number {
  return rangeOf(node)[0];
}

function endOf(node: unknown): number {
  return rangeOf(node)[1];
}

function endOfPair({ key, value }: Pair): number {
  return Math.max(endOf(key), value === null ? 0 : endOf(value));
}

function beforeLineBreak(text: string, at: number): number {
  if (text[at - 1] !== "\n") return at;
  return text[at - 2] === "\r" ? at - 2 : at - 1;
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  if (found === -1) return text.length;
  return text[found - 1] === "\r" ? found - 1 : found;
}
