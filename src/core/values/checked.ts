import type { NonEmpty, Problem } from "./problem.ts";

/** The outcome of parsing a file that a user owns: the value with its warnings, or every problem at once. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: NonEmpty<Problem> };
