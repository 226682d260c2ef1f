/** What a look at this machine gives. Nothing is changed by looking; each look has a deadline. */
export interface Machine {
  /** The first line that a program prints of its version; undefined where there is no such program, or it does not answer. */
  version(program: string): Promise<string | undefined>;
  /** Bytes free for the state directory, seen from the nearest folder that there is. */
  freeBytes(): Promise<number>;
  stateDirectory(): Promise<StateDirectory>;
  /** What listens on a port: `free` where nothing does. */
  portHolder(port: number): Promise<{ readonly kind: "free" } | { readonly kind: "held"; readonly by: string }>;
  /** Whether steps of builds can be kept apart by namespaces, and whether a Docker Engine answers. */
  isolation(): Promise<{ readonly namespaces: "usable" | "not-usable"; readonly docker: "answers" | "silent" }>;
  /** Asks a repository's remote for its refs as a release would. */
  askRemote(url: string): Promise<{ readonly kind: "answers" } | { readonly kind: "silent"; readonly reason: string }>;
  /** Where settings come from, without secret values. */
  readonly settings: readonly MachineSetting[];
}

export type StateDirectory =
  | { readonly kind: "missing"; readonly path: string; readonly isCreatable: boolean }
  | { readonly kind: "there"; readonly path: string; readonly mode: number; readonly isWritable: boolean };

export interface MachineSetting {
  readonly name: string;
  readonly value: string;
  readonly from: string;
}
