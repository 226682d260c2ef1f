/**
 * Changes values in a manifest's text by splicing: everything that is not one of the values named stays as it is, byte
 * for byte. Printing the YAML tree again was tried and changes texts such as `1234e5`.
 */
import { isMap, isScalar, type Pair, parseDocument, type Scalar, type YAMLMap } from "yaml";

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

/** The text with the values in place; keys and sections that are missing are added at their block's end. */
export function rewriteManifest(text: string, edits: readonly ManifestEdit[]): string {
  let changed = text;
  // One at a time: an added section has to be there before its second key is.
  for (const edit of edits) changed = applySplice(changed, spliceOf(changed, edit));
  return changed;
}

function applySplice(text: string, splice: Splice | undefined): string {
  return splice === undefined ? text : text.slice(0, splice.from) + splice.text + text.slice(splice.to);
}

function spliceOf(text: string, { path: [section, key], value }: ManifestEdit): Splice | undefined {
  const document = parseDocument(text, { schema: "failsafe" });
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  const root = document.contents;
  if (!isMap(root)) return undefined;
  const block = pairNamed(root as YAMLMap, section);
  if (block === undefined || isEmpty(block.value)) {
    return newSection(text, block, { section, key, value, lineBreak });
  }
  if (!isMap(block.value)) return undefined;
  const pair = pairNamed(block.value as YAMLMap, key);
  if (pair === undefined) return newKey(text, block.value as YAMLMap, { key, value, lineBreak });
  return isScalar(pair.value) ? replace(pair.value as Scalar, value) : undefined;
}

/** A section's name with nothing behind it. */
function isEmpty(value: unknown): boolean {
  return value === null || (isScalar(value) && (value.value === null || value.value === "") && value.type === "PLAIN");
}

function pairNamed(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === name);
}

/** Keeps the quotes that stand there; text that YAML would read otherwise without quotes gets some. */
function replace(node: Scalar, value: string): Splice | undefined {
  const [from, to] = node.range ?? [];
  if (from === undefined || to === undefined || String(node.value) === value) return undefined;
  if (node.type === "QUOTE_SINGLE") return { from, to, text: `'${value.replaceAll("'", "''")}'` };
  if (node.type === "QUOTE_DOUBLE") return { from, to, text: JSON.stringify(value) };
  return { from, to, text: plain(value) };
}

/** Digests, full commits and image references need no quotes; an all-digit commit does, for readers with implicit types. */
function plain(value: string): string {
  const isSafe = /^[A-Za-z0-9][\w./@:+-]*$/.test(value) && !/^[\d.]+(e\d+)?$/i.test(value) && !value.endsWith(":");
  return isSafe ? value : JSON.stringify(value);
}

function newKey(
  text: string,
  block: YAMLMap,
  { key, value, lineBreak }: { key: string; value: string; lineBreak: string },
): Splice | undefined {
  const last = block.items.at(-1);
  const end = block.range?.[1];
  if (end === undefined) return undefined;
  if (block.flow === true) {
    const at = end - 1;
    return { from: at, to: at, text: `${last === undefined ? "" : ", "}${key}: ${plain(value)}` };
  }
  const keyNode = last?.key as Scalar | undefined;
  const keyFrom = keyNode?.range?.[0] ?? 0;
  const indent = " ".repeat(keyFrom - (text.lastIndexOf("\n", keyFrom - 1) + 1));
  const valueEnd = (last?.value as Scalar | undefined)?.range?.[1] ?? end;
  const at = endOfLine(text, valueEnd);
  return { from: at, to: at, text: `${lineBreak}${indent}${key}: ${plain(value)}` };
}

function newSection(
  text: string,
  block: Pair | undefined,
  { section, key, value, lineBreak }: { section: string; key: string; value: string; lineBreak: string },
): Splice {
  const line = `${lineBreak}  ${key}: ${plain(value)}`;
  if (block !== undefined) {
    const keyEnd = (block.key as Scalar).range?.[1] ?? 0;
    const at = endOfLine(text, keyEnd);
    return { from: at, to: at, text: line };
  }
  const gap = text === "" || text.endsWith("\n") ? "" : lineBreak;
  return { from: text.length, to: text.length, text: `${gap}${section}:${line}${lineBreak}` };
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  if (found === -1) return text.length;
  return text[found - 1] === "\r" ? found - 1 : found;
}
