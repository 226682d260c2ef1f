import { isScalar, LineCounter, parseDocument, type Scalar, visit } from "yaml";
import { applySplice, rangeOf, replaceScalar, type Splice } from "./splice-yaml.ts";

/** A value of a manifest that became another one. */
export interface ChangedText {
  /** Names of the keys that lead to it, and positions in lists. */
  readonly path: readonly string[];
  readonly from: string;
  readonly to: string;
}

/** Line and column from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** What every text of a manifest becomes; the same text leaves its place untouched. */
export interface TextChanges {
  readonly value: (path: readonly string[], value: string, where: TextPlace) => string;
  /** Gets what stands between values and keys on one line; words there are comments. */
  readonly comment: (text: string, where: TextPlace) => string;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Changes a manifest's values and comments by splicing; keys, order, quoting and spaces stay byte for byte. */
export function changeTexts(
  text: string,
  changes: TextChanges,
): { readonly text: string; readonly changes: readonly ChangedText[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines });
  const placeOf = (at: number): TextPlace => {
    const { line, col } = lines.linePos(at);
    return { line, column: col };
  };
  const splices: Splice[] = [];
  const changed: ChangedText[] = [];
  const scalars: Stretch[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      const [from, to] = rangeOf(node);
      scalars.push({ from, to });
      if (key === "key") return;
      const path = pathOf(key, ancestors);
      const value = String(node.value);
      const wanted = changes.value(path, value, placeOf(from));
      if (wanted === value) return;
      changed.push({ path, from: value, to: wanted });
      const splice = replaceScalar(text, node as Scalar, wanted);
      if (splice !== undefined) splices.push(splice);
    },
  });
  for (const { from, to } of between(text, scalars)) {
    const comment = text.slice(from, to);
    const wanted = changes.comment(comment, placeOf(from));
    if (wanted !== comment) splices.push({ from, to, text: wanted });
  }
  const lastFirst = splices.sort((a, b) => b.from - a.from);
  return { text: lastFirst.reduce(applySplice, text), changes: changed };
}

/** The lines, or parts of lines, that no key or value covers and that hold a comment. */
function between(text: string, scalars: readonly Stretch[]): readonly Stretch[] {
  const gaps: Stretch[] = [];
  let from = 0;
  for (const scalar of [...scalars, { from: text.length, to: text.length }]) {
    for (const match of text.slice(from, scalar.from).matchAll(/#[^\r\n]*/g)) {
      gaps.push({ from: from + match.index, to: from + match.index + match[0].length });
    }
    from = Math.max(from, scalar.to);
  }
  return gaps;
}

type Ancestors = readonly unknown[];

function pathOf(key: unknown, ancestors: Ancestors): readonly string[] {
  const names = ancestors.flatMap((ancestor, index) => {
    if (isPair(ancestor)) return isScalar(ancestor.key) ? [String(ancestor.key.value)] : [];
    const parent = ancestor as { items?: readonly unknown[] };
    const child = ancestors[index + 1];
    if (child === undefined || isPair(child) || parent.items === undefined) return [];
    return [String(parent.items.indexOf(child))];
  });
  return typeof key === "number" ? [...names, String(key)] : names;
}

function isPair(value: unknown): value is { readonly key: unknown } {
  return typeof value === "object" && value !== null && "key" in value && "value" in value && !("items" in value);
}
