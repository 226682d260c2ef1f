/** Built-in keys that every build knows; one without a value is the empty text, not an error. */
export const BUILT_INS = [
  "PROJECT_ID",
  "BUILD_ID",
  "PROJECT_NUMBER",
  "LOCATION",
  "TRIGGER_NAME",
  "COMMIT_SHA",
  "REVISION_ID",
  "SHORT_SHA",
  "REPO_NAME",
  "REPO_FULL_NAME",
  "BRANCH_NAME",
  "TAG_NAME",
  "REF_NAME",
  "TRIGGER_BUILD_CONFIG_PATH",
  "SERVICE_ACCOUNT_EMAIL",
  "SERVICE_ACCOUNT",
] as const;

const BUILT_IN_SET: ReadonlySet<string> = new Set(BUILT_INS);

/** Whether Cloud Build knows the key by itself. */
export function isBuiltIn(key: string): boolean {
  return BUILT_IN_SET.has(key);
}

/** Built-ins that the caller of a submit or run may set. */
export const OVERRIDABLE_BUILT_INS: ReadonlySet<string> = new Set([
  "REPO_NAME",
  "BRANCH_NAME",
  "TAG_NAME",
  "REVISION_ID",
  "COMMIT_SHA",
  "SHORT_SHA",
]);

const TOKEN = /\$\$|\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))/g;

/**
 * Replaces the tokens of a text: `$NAME`, `${NAME}` and `$$`, nothing else; `$(…)`, `$1`, `${X:-y}` are literal. What is
 * put in is not read again. Exactly Cloud Build's tokenizer (source: the archived local builder).
 */
export function substituteText(text: string, value: (key: string) => string): string {
  return text.replace(TOKEN, (token, braced?: string, bare?: string) =>
    token === "$$" ? "$" : value(braced ?? bare ?? ""),
  );
}

/** Keys that a text refers to, in order, repeated ones too, each with the place of its `$`. */
export function referencedKeys(text: string): readonly { readonly key: string; readonly at: number }[] {
  return [...text.matchAll(TOKEN)].flatMap((match) => {
    const key = match[1] ?? match[2];
    return key === undefined ? [] : [{ key, at: match.index }];
  });
}
