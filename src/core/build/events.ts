/**
 * What happens to a build, in the past tense: the stream `build/<id>` of the event log. An intent (`step-started`) is
 * recorded before its effect, the outcome after it. Begin with `BuildEvent`.
 */
import type { Instant } from "../values/time.ts";
import type { BuildConfig, BuildStatus } from "./build-config.ts";
import type { BuiltIn } from "./substitutions.ts";

/** Version of the payloads below; older ones are brought up to it where a stream is read. */
export const BUILD_EVENT_VERSION = 1;

export type BuildEvent =
  | {
      readonly type: "build-created";
      readonly build: string;
      readonly project: string;
      readonly location: string;
      /** After substitution: what the steps really get. */
      readonly config: BuildConfig;
      /** The user's keys with their values. */
      readonly substitutions: Readonly<Record<string, string>>;
      /** After this the build expires unless it has begun. */
      readonly expiresAt: Instant;
      /** What the caller gave, before substitution: a retry begins from it. Absent in streams of earlier versions. */
      readonly asked?: AskedBuild;
      /** Such a build waits for a decision first; `expiresAt` then stands in the decision. */
      readonly needsApproval?: true;
    }
  | {
      readonly type: "approval-decided";
      readonly decision: "APPROVED" | "REJECTED";
      readonly approver: string;
      readonly comment?: string;
      readonly url?: string;
      readonly expiresAt: Instant;
    }
  | { readonly type: "build-started"; readonly deadlineAt: Instant }
  | { readonly type: "source-failed"; readonly reason: string }
  | { readonly type: "step-started"; readonly step: number; readonly try: number; readonly deadlineAt?: Instant }
  | {
      readonly type: "step-ended";
      readonly step: number;
      readonly try: number;
      readonly outcome: StepOutcome;
      /** The first 50 KB of what it wrote to `$BUILDER_OUTPUT/output`, secrets hidden, as base64. */
      readonly output?: string;
      /** Digest of the image that it ran, where one is known. */
      readonly imageDigest?: string;
    }
  | {
      /** The server that ran it died, and the step with it. What it did until then is unknown. */
      readonly type: "step-interrupted";
      readonly step: number;
      readonly try: number;
      readonly consequence: "run-again" | "build-fails";
    }
  | {
      readonly type: "cancel-requested";
      readonly reason: string;
      /** The last line of the log, where it is another than Cloud Build's own. */
      readonly logLine?: string;
    }
  | { readonly type: "deadline-passed" }
  | { readonly type: "images-missing"; readonly images: readonly string[] }
  /** Everything ran; what it promised to leave is being put where it belongs. */
  | { readonly type: "push-started" }
  | { readonly type: "push-failed"; readonly reason: string }
  | {
      readonly type: "build-ended";
      readonly status: Exclude<BuildStatus, "PENDING" | "QUEUED" | "WORKING">;
      readonly detail: string;
      readonly images: readonly { readonly name: string; readonly digest: string }[];
      readonly artifacts?: StoredArtifacts;
    };

/** A build as its caller asked for it. */
export interface AskedBuild {
  readonly config: BuildConfig;
  readonly substitutions: Readonly<Record<string, string>>;
  readonly trigger?: BuildTrigger;
}

/** The trigger that a build comes from: such a build is always dynamic and loose. */
export interface BuildTrigger {
  readonly id: string;
  readonly builtIns: Readonly<Partial<Record<BuiltIn, string>>>;
  readonly needsApproval: boolean;
}

/** What became of `artifacts.objects`. */
export interface StoredArtifacts {
  /** Address of the list of what was uploaded. */
  readonly manifest: string;
  readonly count: number;
}

/** How one try of a step ended. */
export type StepOutcome =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  /** It never ran: no such program, no mapping for its image, a secret that cannot be read. */
  | { readonly kind: "not-started"; readonly reason: string }
  /** Its own time limit passed. */
  | { readonly kind: "timed-out" }
  /** It was ended because its build ended. */
  | { readonly kind: "stopped" };
