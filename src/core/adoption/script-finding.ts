import type { Environment, Platform } from "../platform/platform.ts";
import type { RecordedScript } from "./recorded-script.ts";

export type ScriptFindingKind =
  | "foreign"
  | "ambient-project"
  | "refused-call"
  | "dropped-variables"
  | "terminal-read"
  | "deadline"
  | "exit-code"
  | "unknown-service"
  | "other-region"
  | "unrecorded-host"
  | "credential";

/** Something that a script would do and should not. */
export interface ScriptFinding {
  readonly kind: ScriptFindingKind;
  readonly severity: "error" | "warning";
  readonly text: string;
  readonly fix: string;
}

export interface JudgeRequest {
  readonly platform: Platform;
  readonly environment: Environment;
  /** The script's own text. */
  readonly script: string;
  readonly recorded: RecordedScript;
  /** Service → variables that are set in the environment now, as far as that is known. */
  readonly live: Readonly<Record<string, readonly string[]>>;
}
