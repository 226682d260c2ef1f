/** A text whose parameters are not filled in yet. */
export type Word = readonly Piece[];

export type Piece =
  | { readonly kind: "text"; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: "parameter"; readonly name: string; readonly operation: Operation; readonly isQuoted: boolean };

export type Operation =
  | { readonly kind: "value" | "length" }
  /** `-` `=` `?` `+`; with `:` an empty value counts as none. */
  | { readonly kind: "otherwise"; readonly sign: string; readonly missing: "unset" | "empty"; readonly word: Word }
  | { readonly kind: "slice"; readonly offset: Word; readonly length: Word | undefined }
  | { readonly kind: "remove"; readonly side: "start" | "end"; readonly take: "least" | "most"; readonly pattern: Word }
  | { readonly kind: "replace"; readonly place: Place; readonly pattern: Word; readonly replacement: Word }
  | { readonly kind: "case"; readonly to: "upper" | "lower"; readonly place: "first" | "all"; readonly pattern: Word };

/** Which matches are replaced. */
export type Place = "first" | "all" | "start" | "end";

/** The keys that a word refers to, those inside its operators too. */
export function wordKeys(word: Word): readonly string[] {
  return word.flatMap((piece) => {
    if (piece.kind === "text") return [];
    const { operation } = piece;
    const parts = "pattern" in operation ? [operation.pattern] : [];
    const more = [
      ...("word" in operation ? [operation.word] : []),
      ...("replacement" in operation ? [operation.replacement] : []),
      ...(operation.kind === "slice" ? [operation.offset, operation.length ?? []] : []),
    ];
    return [piece.name, ...[...parts, ...more].flatMap(wordKeys)];
  });
}
