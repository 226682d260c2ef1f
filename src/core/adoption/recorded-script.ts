/** A program that a script called, in a run in which nothing outside is reached. */
export interface RecordedCall {
  readonly program: string;
  readonly argv: readonly string[];
  /** `CLOUDSDK_CORE_PROJECT` as the script had set it. */
  readonly project?: string;
  /** Why the real gcloud refuses the call before it asks anybody, where it is there to be asked. */
  readonly refusal?: string;
}

/** One recorded run of a script. */
export interface RecordedScript {
  readonly calls: readonly RecordedCall[];
  /** Hosts that the script or its programs asked for by themselves; they were refused. */
  readonly hosts: readonly string[];
  readonly ended:
    | { readonly kind: "exited"; readonly code: number }
    | { readonly kind: "deadline"; readonly afterMs: number };
  /** The last of what it printed. */
  readonly output: readonly string[];
}

/** What a program is told in the place of the outside. */
export interface CallAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}
