import type { BuildStep } from "../core/build/build-config.ts";
import type { StepOutcome } from "../core/build/events.ts";
import type { Secret } from "../core/values/secret.ts";

/** One try of a step, ready to run. */
export interface StepOrder {
  readonly step: number;
  readonly try: number;
  readonly config: BuildStep;
  /** Working directory inside the build as Cloud Build computes it: `/workspace`, `/workspace/sub`. */
  readonly directory: string;
  /** Folders that steps of one build share, beside the workspace. */
  readonly volumes: readonly { readonly name: string; readonly path: string }[];
  /** What the engine adds beneath the step's own variables: the host's PATH, the server's address. */
  readonly engineEnv: Readonly<Record<string, string>>;
  /** The build's and the step's variables, in order of precedence already merged. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values are hidden in the output. Added where `env` has no such name. */
  readonly secretEnv: Readonly<Record<string, Secret>>;
  /** File that takes the output, secrets hidden. */
  readonly logPath: string;
}

/** A step before it has a build to run in: enough to say what would run it. */
export interface StepPreview extends Pick<StepOrder, "config" | "env" | "engineEnv"> {
  /** Names of the secret variables that it will have. */
  readonly secretEnv: Readonly<Record<string, unknown>>;
}

/** A build to run steps for. */
export interface ExecutedBuild {
  readonly id: string;
  /** The build's own folder. */
  readonly directory: string;
  /** Whose environment's boundary is kept. */
  readonly project: string;
}

/** How a try ended, as far as the executor can tell: a time limit is the engine's word. */
export type ExecutedOutcome = Extract<StepOutcome, { kind: "exited" | "signalled" | "not-started" }>;

/** The end of a try, with what it left. */
export interface StepEnd {
  readonly outcome: ExecutedOutcome;
  /** The first 50 KB of what it wrote to `$BUILDER_OUTPUT/output`, secrets hidden, as base64. */
  readonly output?: string;
  /** `sha256:…` of the image that it ran, where one is known. */
  readonly imageDigest?: string;
}

export interface RunningStep {
  /** Nothing of the step runs any more when it resolves. Rejects where it was lost: how it ended is unknown. */
  readonly ended: Promise<StepEnd>;
  /** Ends the step with the kill ladder; `ended` then resolves. */
  stop(graceMs: number): Promise<void>;
}

/** One build's place to run its steps: workspace, home, and whatever keeps its processes together. */
export interface StepSession {
  readonly workspace: string;
  start(order: StepOrder): Promise<RunningStep>;
  /** Takes hold again of a try that an earlier server started and that still runs; undefined where it does not. */
  resume?(order: StepOrder): Promise<RunningStep | undefined>;
  /** Ends what runs, and the session. Files stay. */
  close(): Promise<void>;
}

/** A way to run steps: on the host's tools, in containers. Every kind leaves nothing running after a step. */
export interface StepExecutor {
  /** Opening it again finds what is there. */
  open(build: ExecutedBuild): Promise<StepSession>;
  /**
   * What the kernel would not keep of an environment's boundary while such a step runs code of a repository; undefined
   * where it keeps all, or the step runs nothing but this installation.
   */
  gap(step: StepPreview): Promise<string | undefined>;
  /**
   * How an earlier server's try ended, where that was recorded before the server died; undefined where it was
   * interrupted. Called after `sweep`.
   */
  recorded(
    build: { readonly id: string; readonly directory: string },
    attempt: { readonly step: number; readonly try: number },
  ): Promise<StepEnd | undefined>;
  /** Ends what earlier servers of this installation left running, but for what can be resumed; how much that was. */
  sweep(): Promise<number>;
}
