import { isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { assert } from "../values/assert.ts";
import {
  applySplice,
  beforeLineBreak,
  endOf,
  endOfLine,
  isEmpty,
  pairNamed,
  type Splice,
  startOf,
} from "./splice-yaml.ts";

/** The manifest's text with one more note at the end of its list; all else stays byte for byte. */
export function appendNote(text: string, note: string): string {
  const root = parseDocument(text, { schema: "failsafe" }).contents;
  assert(isMap(root), "a manifest is a map");
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  const written = JSON.stringify(note);
  const pair = pairNamed(root as YAMLMap, "notes");
  if (pair === undefined) {
    const gap = text === "" || text.endsWith("\n") ? "" : lineBreak;
    return `${text}${gap}notes:${lineBreak}  - ${written}${lineBreak}`;
  }
  if (isEmpty(pair.value)) {
    const at = endOfLine(text, endOf(pair.key));
    return applySplice(text, { from: at, to: at, text: `${lineBreak}  - ${written}` });
  }
  assert(isSeq(pair.value), "notes are a list");
  return applySplice(text, itemSplice(text, pair.value, { written, lineBreak }));
}

function itemSplice(
  text: string,
  list: YAMLSeq,
  { written, lineBreak }: { readonly written: string; readonly lineBreak: string },
): Splice {
  const last = list.items.at(-1);
  if (list.flow === true) {
    const at = last === undefined ? startOf(list) + 1 : endOf(last);
    return { from: at, to: at, text: last === undefined ? written : `, ${written}` };
  }
  // A block list begins at its first dash.
  const dash = startOf(list);
  const indent = " ".repeat(dash - (text.lastIndexOf("\n", dash - 1) + 1));
  const at = endOfLine(text, beforeLineBreak(text, endOf(last)));
  return { from: at, to: at, text: `${lineBreak}${indent}- ${written}` };
}
