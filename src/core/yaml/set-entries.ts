/**
 * Sets and removes entries of a YAML text by splicing: everything else stays as it is, byte for byte, with its comments.
 * What is not there yet is added as `add-entries.ts` does.
 */
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { assert, present } from "../values/assert.ts";
import { addEntries, flowText, type YamlTree } from "./add-entries.ts";

export interface YamlEntry {
  /** Keys from the top. */
  readonly path: readonly [string, ...string[]];
  /** Undefined: the entry is removed, and with its last entry a section. */
  readonly value?: YamlTree;
}

/** The text with the entries as they are given. One that is to be removed and is not there stays away. */
export function setEntries(text: string, entries: readonly YamlEntry[]): string {
  // One at a time: each is found in the text that the one before left.
  return entries.reduce(
    (changed, { path, value }) => (value === undefined ? removed(changed, path) : set(changed, path, value)),
    text,
  );
}

function set(text: string, path: YamlEntry["path"], value: YamlTree): string {
  const pair = trail(text, path)[path.length - 1]?.pair;
  const node = pair?.value as Node | null | undefined;
  if (pair === undefined || node === null || node === undefined) {
    return addEntries(pair === undefined ? text : removed(text, path), [{ path, value }]);
  }
  // What goes over several lines is written anew.
  const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
  if (isBlock || (isScalar(node) && /^BLOCK/.test(node.type ?? "")))
    return addEntries(removed(text, path), [{ path, value }]);
  const [from, to] = rangeOf(node);
  return text.slice(0, from) + written(node, value) + text.slice(to);
}

/** Keeps the quotes that stand there. */
function written(node: Node, value: YamlTree): string {
  if (typeof value !== "string" || !isScalar(node)) return flowText(value);
  if (node.type === "QUOTE_SINGLE" && !/[\n\r]/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return node.type === "QUOTE_DOUBLE" ? JSON.stringify(value) : flowText(value);
}

function removed(text: string, path: readonly string[]): string {
  const found = trail(text, path);
  if (found.length < path.length) return text;
  // A section without entries goes with its last one.
  const depth = found.findLastIndex(({ map }, index) => index === 0 || map.items.length > 1);
  const { map, pair } = present(found[depth], "the entry that is removed");
  const index = map.items.indexOf(pair);
  const [before, after] = [map.items[index - 1], map.items[index + 1]];
  if (map.flow === true) {
    const from = before === undefined ? startOf(pair.key) : endOf(before);
    const to = before === undefined && after !== undefined ? startOf(after.key) : endOf(pair);
    return text.slice(0, from) + text.slice(to);
  }
  const from = text.lastIndexOf("\n", startOf(pair.key) - 1) + 1;
  const lineEnd = text.indexOf("\n", Math.max(endOf(pair) - 1, startOf(pair.key)));
  return text.slice(0, from) + (lineEnd === -1 ? "" : text.slice(lineEnd + 1));
}

interface Found {
  readonly map: YAMLMap;
  readonly pair: Pair;
}

/** The entries that lead there, as far as they are there. */
function trail(text: string, path: readonly string[]): readonly Found[] {
  const found: Found[] = [];
  let node: unknown = parseDocument(text, { schema: "failsafe" }).contents;
  for (const key of path) {
    if (!isMap(node)) return found;
    const map: YAMLMap = node as YAMLMap;
    const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) return found;
    found.push({ map, pair });
    node = pair.value;
  }
  return found;
}

/** A map or list over several lines ends where its last entry does: its own range may take in what follows. */
function endOf({ key, value }: Pair): number {
  let node = (value ?? key) as Node;
  let last = lastOf(node);
  while (last !== undefined) {
    node = last;
    last = lastOf(node);
  }
  return rangeOf(node)[1];
}

function lastOf(node: Node): Node | undefined {
  if (!(isMap(node) || isSeq(node)) || node.flow === true) return undefined;
  const last: unknown = node.items.at(-1);
  return (isMap(node) && last !== undefined ? ((last as Pair).value ?? (last as Pair).key) : last) as Node | undefined;
}

function startOf(node: unknown): number {
  return rangeOf(node as Node)[0];
}

function rangeOf(node: Node): readonly [number, number] {
  const range = node.range;
  assert(range !== undefined && range !== null, "a node that was read has a range");
  return [range[0], range[1]];
}
