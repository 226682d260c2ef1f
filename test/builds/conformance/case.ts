import type { BuildConfig, BuildStatus } from "../../../src/core/build/build-config.ts";
import type { ExecutorName } from "../executors.ts";

/** A build that means the same on every executor, and on Cloud Build. */
export interface ConformanceCase {
  readonly name: string;
  /** The fields whose meaning it shows. */
  readonly fields: readonly string[];
  readonly config: BuildConfig;
  readonly substitutions?: Readonly<Record<string, string>>;
  readonly status: BuildStatus;
  /** Texts that stand in the log, in this order. */
  readonly log?: readonly string[];
  /** Texts that do not. */
  readonly absent?: readonly string[];
  /** Output of the first step that wrote one. */
  readonly output?: string;
  /** Executors on which it cannot run, with the reason that the document gives. */
  readonly not?: Partial<Record<ExecutorName, string>>;
}

/** The image of all cases. */
export const B = "busybox";
export const sh = (text: string, more: object = {}) => ({ name: B, args: ["sh", "-c", text], ...more });
export const one = (text: string, more: object = {}): BuildConfig => ({ steps: [sh(text, more)] });
