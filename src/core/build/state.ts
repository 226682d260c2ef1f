import { assertNever } from "../values/assert.ts";
import type { Instant } from "../values/time.ts";
import type { BuildConfig, BuildStatus } from "./build-config.ts";
import type { AskedBuild, StepOutcome, StoredArtifacts } from "./events.ts";

/** A build as its events made it. */
export interface Build {
  readonly id: string;
  readonly project: string;
  readonly location: string;
  readonly config: BuildConfig;
  readonly substitutions: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
  readonly stage: BuildStage;
  readonly steps: readonly StepState[];
  readonly asked?: AskedBuild;
  readonly approval?: Approval;
  /** The first cause of an end that is not success; what follows it does not change it. */
  readonly ending?: Ending;
  readonly lastSequence: number;
}

/** Whether somebody let a build begin that waits for that. */
export interface Approval {
  readonly state: "PENDING" | "APPROVED" | "REJECTED" | "CANCELLED";
  readonly result?: {
    readonly approver: string;
    readonly at: Instant;
    readonly comment?: string;
    readonly url?: string;
  };
}

export type BuildStage =
  /** Waits for an approval. */
  | { readonly name: "pending"; readonly expiresAt: Instant }
  | { readonly name: "queued"; readonly expiresAt: Instant }
  | { readonly name: "working"; readonly startedAt: Instant; readonly deadlineAt: Instant; readonly pushAt?: Instant }
  | {
      readonly name: "ended";
      readonly status: EndStatus;
      readonly detail: string;
      /** Absent where it never began. */
      readonly startedAt?: Instant;
      /** When it began to push what it promised, where it came that far. */
      readonly pushAt?: Instant;
      readonly endedAt: Instant;
      readonly images: readonly { readonly name: string; readonly digest: string }[];
      readonly artifacts?: StoredArtifacts;
    };

/** A status that nothing follows. */
export type EndStatus = Exclude<BuildStatus, "PENDING" | "QUEUED" | "WORKING">;

/** Why a build ends otherwise than well. `failure` is Cloud Build's `failureInfo.type`. */
export interface Ending {
  readonly status: Exclude<EndStatus, "SUCCESS">;
  readonly detail: string;
  /** The line after `ERROR: ` at the end of the log. */
  readonly logLine: string;
  readonly failure?: "USER_BUILD_STEP" | "FETCH_SOURCE_FAILED" | "PUSH_IMAGE_NOT_FOUND" | "PUSH_FAILED";
}

export type StepState =
  | { readonly name: "waiting"; readonly tries: number }
  | {
      readonly name: "running";
      readonly try: number;
      readonly startedAt: Instant;
      readonly deadlineAt?: Instant;
    }
  | {
      readonly name: "ended";
      readonly try: number;
      readonly startedAt: Instant;
      readonly endedAt: Instant;
      readonly outcome: StepOutcome;
      readonly output?: string;
      readonly imageDigest?: string;
      /** `allowed` is a failure that `allowFailure` or `allowExitCodes` forgives: what waits for it goes on. */
      readonly verdict: "succeeded" | "allowed" | "failed" | "stopped";
    };

/** Whether nothing can happen to the build any more. */
export function isEnded(build: Build): build is Build & { readonly stage: Extract<BuildStage, { name: "ended" }> } {
  return build.stage.name === "ended";
}

/** Cloud Build's word for where the build is. */
export function buildStatus(build: Build): BuildStatus {
  switch (build.stage.name) {
    case "ended":
      return build.stage.status;
    case "pending":
      return "PENDING";
    case "queued":
      return "QUEUED";
    case "working":
      return "WORKING";
    default:
      return assertNever(build.stage);
  }
}

/** Cloud Build's word for where a step is. A step that a build's own deadline ended is CANCELLED too. */
export function stepStatus(step: StepState): BuildStatus {
  if (step.name === "waiting") return "QUEUED";
  if (step.name === "running") return "WORKING";
  if (step.verdict === "succeeded") return "SUCCESS";
  if (step.verdict === "stopped") return "CANCELLED";
  return step.outcome.kind === "timed-out" ? "TIMEOUT" : "FAILURE";
}

/** Whether a step says that it may be run again after a crash: `MOBIUS_IDEMPOTENT=1` in its `env`. */
export function isRepeatable(config: BuildConfig, step: number): boolean {
  return config.steps[step]?.env?.includes("MOBIUS_IDEMPOTENT=1") === true;
}
