/**
 * Changes values in a manifest's text by splicing: everything that is not one of the values named stays as it is, byte
 * for byte. Printing the YAML tree again was tried and changes texts such as `1234e5`.
 */
import { isMap, isScalar, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";
import { assert, present } from "../values/assert.ts";
import {
  applySplice,
  beforeLineBreak,
  endOf,
  endOfLine,
  endOfPair,
  isEmpty,
  pairNamed,
  plain,
  rangeOf,
  replaceScalar,
  type Splice,
  startOf,
} from "./splice-yaml.ts";

export interface ManifestEdit {
  /** Section and key, such as `["images", "mobius-rag"]`. */
  readonly path: readonly [section: string, key: string];
  readonly value: string;
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
  return replaceScalar(text, pair.value as Scalar, value);
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
