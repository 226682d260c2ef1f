import type { RecordedScript } from "../core/adoption/recorded-script.ts";
import type { CommitId } from "../core/values/ids.ts";
import type { Result } from "../core/values/result.ts";
import type { SourceRefusal } from "./source.ts";

export interface ScriptRecording {
  /** Clean checkouts, the umbrella's first; each beneath the folder in which the script runs. */
  readonly checkouts: readonly { readonly url: string; readonly commit: CommitId; readonly path: string }[];
  /** Files written besides, such as the manifest that the script is given. */
  readonly files: Readonly<Record<string, string>>;
  /** Beneath the folder. */
  readonly script: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs a script so that nothing outside is reached, and gives what it called, how it ended and its text. Changes nothing, and
 * leaves no process and no file. Refused where a checkout cannot be made.
 */
export type ScriptRecorder = (
  request: ScriptRecording,
) => Promise<Result<{ readonly recorded: RecordedScript; readonly script: string }, SourceRefusal>>;
