/**
 * Adds entries to a YAML text by splicing: what stands there stays as it is, byte for byte, with its comments, order and
 * quotes. A new entry comes behind the last one of its map, in the map's own style.
 */
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { assert, present } from "../values/assert.ts";

/** What an entry holds. Text that other readers would take for a number or a truth is quoted; numbers and truths are not. */
export type YamlTree = string | number | boolean | readonly YamlTree[] | { readonly [key: string]: YamlTree };

export interface YamlAddition {
  /** Keys from the top; those that are missing are made. */
  readonly path: readonly [string, ...string[]];
  readonly value: YamlTree;
}

/** The text with the entries in it. Throws `Bug` where an entry is there already, or stands in something that is no map. */
export function addEntries(text: string, additions: readonly YamlAddition[]): string {
  // One at a time: what one makes, the next may stand in.
  return additions.reduce(addEntry, text);
}

function addEntry(text: string, { path, value }: YamlAddition): string {
  const root = parseDocument(text, { schema: "failsafe" }).contents;
  if (!isMap(root)) return appendSection(text, nest(path, value));
  let map = root as YAMLMap;
  for (const [depth, key] of path.entries()) {
    const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    const rest = path.slice(depth + 1);
    if (pair === undefined) return insert(text, map, nest([key, ...rest], value), map === root);
    assert(rest.length > 0, `${path.join(".")} is not there yet`);
    if (isWithoutEntries(pair.value)) return fill(text, pair, nest(rest, value));
    assert(isMap(pair.value), `${path.slice(0, depth + 1).join(".")} is a map`);
    map = pair.value as YAMLMap;
  }
  return text;
}

function nest(path: readonly string[], value: YamlTree): { readonly [key: string]: YamlTree } {
  const [key = "", ...rest] = path;
  return { [key]: rest.length === 0 ? value : nest(rest, value) };
}

function insert(text: string, map: YAMLMap, entry: { readonly [key: string]: YamlTree }, isRoot: boolean): string {
  const last = present(map.items.at(-1), "an entry of a map that has some");
  if (map.flow === true) {
    const at = endOfPair(last);
    return `${text.slice(0, at)}, ${flowEntries(entry)}${text.slice(at)}`;
  }
  if (isRoot) return appendSection(text, entry);
  const indent = indentOf(text, startOf(map.items[0]?.key));
  return insertLines(text, endOfLine(text, endOfPair(last)), blockLines(entry, indent));
}

/** The first entries of a key that has none: behind its line, or in the place of its empty braces. */
function fill(text: string, pair: Pair, entry: { readonly [key: string]: YamlTree }): string {
  const indent = `${indentOf(text, startOf(pair.key))}  `;
  const value = pair.value as Node | undefined;
  const range = isMap(value) ? present(value.range ?? undefined, "a range of a map that was read") : undefined;
  if (range === undefined) return insertLines(text, endOfLine(text, endOf(pair.key)), blockLines(entry, indent));
  const emptied = `${text.slice(0, range[0]).trimEnd()}${text.slice(range[1])}`;
  return insertLines(emptied, endOfLine(emptied, endOf(pair.key)), blockLines(entry, indent));
}

function appendSection(text: string, entry: { readonly [key: string]: YamlTree }): string {
  const lineBreak = lineBreakOf(text);
  const end = /^\.\.\.\s*$/m.exec(text)?.index ?? text.length;
  const before = text.slice(0, end);
  const gap = before === "" || before.endsWith("\n") ? "" : lineBreak;
  const [value] = Object.values(entry);
  const separator = before !== "" && typeof value === "object" ? lineBreak : "";
  return `${before}${gap}${separator}${blockLines(entry, "").join(lineBreak)}${lineBreak}${text.slice(end)}`;
}

function insertLines(text: string, at: number, lines: readonly string[]): string {
  return text.slice(0, at) + lines.map((line) => lineBreakOf(text) + line).join("") + text.slice(at);
}

function blockLines(map: { readonly [key: string]: YamlTree }, indent: string): readonly string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const name = `${indent}${scalar(key)}:`;
    if (!isTreeMap(value) || Object.keys(value).length === 0) return [`${name} ${flowText(value)}`];
    return [name, ...blockLines(value, `${indent}  `)];
  });
}

/** A value on one line. */
export function flowText(value: YamlTree): string {
  if (typeof value === "string") return scalar(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${value.map(flowText).join(", ")}]`;
  const entries = flowEntries(value as { readonly [key: string]: YamlTree });
  return entries === "" ? "{}" : `{ ${entries} }`;
}

function flowEntries(map: { readonly [key: string]: YamlTree }): string {
  return Object.entries(map)
    .map(([key, value]) => `${scalar(key)}: ${flowText(value)}`)
    .join(", ");
}

function isTreeMap(value: YamlTree): value is { readonly [key: string]: YamlTree } {
  return typeof value === "object" && !Array.isArray(value);
}

/** What YAML 1.1 or 1.2 takes for a number, a date, a time, a truth or nothing where it stands without quotes. */
const IMPLICIT =
  /^([-+.\d][\d_.,:]*(e[-+]?\d+)?|0[xob][\da-f_]+|\d+-\d+-\d+.*|true|false|yes|no|on|off|y|n|null|~|[-+]?\.(inf|nan))$/i;
/** Plain in a block and in braces alike; `${` … `}` is not, since a brace ends a map in flow style. */
const PLAIN = /^[A-Za-z0-9./][\w./@:+-]*$/;

function scalar(text: string): string {
  const isPlain = PLAIN.test(text) && !IMPLICIT.test(text) && !text.endsWith(":");
  return isPlain ? text : JSON.stringify(text);
}

function isWithoutEntries(value: unknown): boolean {
  if (isMap(value)) return value.items.length === 0;
  return value === null || (isScalar(value) && value.type === "PLAIN" && (value.value === null || value.value === ""));
}

function startOf(node: unknown): number {
  return present((node as Node).range ?? undefined, "a range of each node that was read")[0];
}

function endOf(node: unknown): number {
  return present((node as Node).range ?? undefined, "a range of each node that was read")[1];
}

/** A map or list over several lines ends where its last entry does: its own range may take in what follows. */
function endOfPair({ key, value }: Pair): number {
  return value === null || value === undefined ? endOf(key) : endOfNode(value);
}

function endOfNode(node: unknown): number {
  const last = (isMap(node) || isSeq(node)) && node.flow !== true ? node.items.at(-1) : undefined;
  if (last === undefined) return endOf(node);
  return isMap(node) ? endOfPair(last as Pair) : endOfNode(last);
}

function endOfLine(text: string, from: number): number {
  // A block scalar's range takes in its last line break.
  const start = text[from - 1] === "\n" ? from - 1 : from;
  const found = text.indexOf("\n", start);
  const end = found === -1 ? text.length : found;
  return text[end - 1] === "\r" ? end - 1 : end;
}

function indentOf(text: string, at: number): string {
  return " ".repeat(at - (text.lastIndexOf("\n", at - 1) + 1));
}

function lineBreakOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
