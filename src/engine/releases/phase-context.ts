import type { Environment, Platform } from "../../core/platform/platform.ts";
import type { ReleaseEvent } from "../../core/release/events.ts";
import type { Release } from "../../core/release/state.ts";
import type { Problem } from "../../core/values/problem.ts";
import type { Result } from "../../core/values/result.ts";
import type { EnvironmentPorts, ReleasePorts } from "./release-ports.ts";

/** What a phase works with. It reads the release afresh, since its own events move it on. */
export interface PhaseContext {
  readonly ports: ReleasePorts;
  readonly environmentPorts: EnvironmentPorts;
  readonly platform: Platform;
  readonly environment: Environment;
  readonly release: () => Release;
  /** Appends events under the environment's lease. Throws `FencedOut` when it is lost: nothing more may be done then. */
  readonly record: (...events: readonly ReleaseEvent[]) => Promise<void>;
  /** Asked before each effect outside: throws `FencedOut` when the lease is lost. */
  readonly checkLease: () => Promise<void>;
  /** A line of progress, kept in the event log. */
  readonly note: (text: string) => Promise<void>;
  readonly subject?: string;
  /** Aborts when the release is cancelled or the server stops. */
  readonly signal: AbortSignal;
}

/** What a phase comes to: one line that says what was done, or why it failed. Every phase can be run again. */
export type PhaseOutcome = Result<string, Problem>;

export type Phase = (context: PhaseContext) => Promise<PhaseOutcome>;
