/** Which log: a build's whole one, or one step's raw output. */
export interface LogSelection {
  readonly build: string;
  readonly step?: number;
}

/** A line of a log. `text` is only its beginning where the line is longer than 16 KiB: `read` has the rest. */
export interface LogLine {
  readonly text: string;
  /** Where in the log the line begins. */
  readonly fromByte: number;
  /** Its length without the line break. */
  readonly bytes: number;
}

/**
 * The logs of builds: one readable log per build in Cloud Build's layout, and each step's raw output beside it. What
 * the executor writes into `stepFile` is masked already; nothing else may reach a log.
 */
export interface StepLogs {
  /** Opens a build's log, new or after a restart: what an earlier server copied is not copied again. */
  open(build: { readonly id: string; readonly stepIds: readonly (string | undefined)[] }): Promise<BuildLog>;
  /** At most 1 MiB from the byte on. `next` is where to go on; empty text means that there is no more now. */
  read(
    request: LogSelection & { readonly fromByte: number },
  ): Promise<{ readonly text: string; readonly next: number }>;
  /**
   * Lines by their numbers, from 0: at most `count`, and fewer where they have more than 1 MiB. What it costs does not depend
   * on how long the log is. `total` is how many there are now, one that is still being written included.
   */
  lines(
    request: LogSelection & { readonly fromLine: number; readonly count: number },
  ): Promise<{ readonly lines: readonly LogLine[]; readonly total: number }>;
  /** Yields text from the byte on as it comes, until the build's log is closed and all is given, or the signal aborts. */
  follow(request: LogSelection & { readonly fromByte: number }, signal: AbortSignal): AsyncIterable<string>;
}

/** A build's log while the build runs. Calls for one build come in order. */
export interface BuildLog {
  /** Adds a line of the engine's own: a phase word, the cause of an end. */
  line(text: string): Promise<void>;
  /** The file for the raw output of one try. */
  stepFile(step: number, attempt: number): string;
  /** Copies the try's output, line by line with its prefix, until `stepEnded`. */
  stepStarted(step: number, attempt: number): Promise<void>;
  /** Resolves when all output of the try is in the build's log. */
  stepEnded(step: number): Promise<void>;
  /** Everything is stored; nothing follows. */
  close(): Promise<void>;
}
