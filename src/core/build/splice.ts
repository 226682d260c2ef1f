import { isScalar, type YAMLMap, type YAMLSeq } from "yaml";

/** Replaces the characters from `from` up to `to`; an insertion where both are one. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Applies edits to a text and leaves every other character alone. Of two that overlap the first one wins. */
export function splice(text: string, edits: readonly Edit[]): string {
  const unique = edits.filter(
    (edit, index) =>
      edits.findIndex((other) => other.from === edit.from && other.to === edit.to && other.text === edit.text) ===
      index,
  );
  let result = "";
  let at = 0;
  for (const edit of [...unique].sort((a, b) => a.from - b.from)) {
    if (edit.from < at) continue;
    result += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return result + text.slice(at);
}

/** Adds items to a list after the item with the index, in the list's own style. */
export function insertAfter(text: string, list: YAMLSeq, index: number, items: readonly string[]): Edit | undefined {
  const item = list.items[index];
  const end = isScalar(item) ? item.range?.[1] : undefined;
  if (end === undefined) return undefined;
  const quoted = items.map((value) => JSON.stringify(value));
  if (list.flow === true) return { from: end, to: end, text: quoted.map((value) => `, ${value}`).join("") };
  const indent = " ".repeat(columnOf(text, list.range?.[0] ?? 0));
  return { from: end, to: end, text: quoted.map((value) => `\n${indent}- ${value}`).join("") };
}

/** Adds a field with a list before another field of the mapping, in the mapping's own style. */
export function insertFieldBefore(
  text: string,
  mapping: YAMLMap,
  field: { readonly name: string; readonly items: readonly string[]; readonly before: string },
): Edit | undefined {
  const pair = mapping.items.find((item) => isScalar(item.key) && item.key.value === field.before);
  const at = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  if (at === undefined) return undefined;
  const written = `${field.name}: [${field.items.map((value) => JSON.stringify(value)).join(", ")}]`;
  const separator = mapping.flow === true ? ", " : `\n${" ".repeat(columnOf(text, at))}`;
  return { from: at, to: at, text: written + separator };
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf("\n", at - 1) + 1);
}
