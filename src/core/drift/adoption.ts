/** One entry of a file that is to say what is live. */
export interface Adoption {
  /** The difference that it takes in. */
  readonly key: string;
  readonly file: string;
  readonly path: readonly [string, ...string[]];
  /** Undefined: the entry goes away. */
  readonly value?: string | number | boolean | readonly string[];
}
