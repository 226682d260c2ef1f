/**
 * What people see of a release: the one shape behind the CLI, the API and the board. Made from state by pure functions.
 * The JSON form is `apiVersion: mobius/v1` and grows only by addition.
 */
import type { Problem } from "../values/problem.ts";

export type ReleaseStateName =
  | "queued"
  /** Its gates are closed: a person, a time or another release has to come first. */
  | "waiting"
  | "building"
  | "shifting"
  | "verifying"
  | "recording"
  | "restoring"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "rolled-back"
  | "rollback-failed";

/** One row of `mobius status`. Times are RFC 3339. */
export interface ReleaseSummary {
  readonly id: string;
  readonly environment: string;
  readonly state: ReleaseStateName;
  readonly isFinished: boolean;
  /** Path of the manifest beneath the umbrella. */
  readonly manifest: string;
  readonly releaseId: string;
  readonly planDigest: string;
  /** The release whose set it gives the traffic back to. */
  readonly rollbackTo?: string;
  readonly requestedBy: string;
  readonly requestedAt: string;
  readonly finishedAt?: string;
}

export interface ReleaseView extends ReleaseSummary {
  readonly apiVersion: "mobius/v1";
  readonly phases: readonly PhaseView[];
  readonly buildId?: string;
  readonly buildLogUrl?: string;
  /** The one thing that a release that has not ended waits for. */
  readonly waitingFor?: string;
  /** What keeps it from beginning; empty once it may. */
  readonly gates: readonly GateView[];
  readonly approvals: readonly { readonly by: string; readonly at: string; readonly comment: string }[];
  /** The release whose manifest was promoted to this one's. */
  readonly promotedFrom?: string;
  /** Canary steps so far, in order; absent where there are none. */
  readonly canary?: readonly CanaryStepView[];
  /** Why it ended as it did. */
  readonly problem?: Problem;
  readonly services: readonly {
    readonly service: string;
    readonly url?: string;
    readonly revision?: string;
    readonly digest?: string;
    readonly state: "unchanged" | "waiting" | "candidate" | "serving" | "restored";
  }[];
  readonly writeBackCommit?: string;
  readonly lastSequence: number;
}

/** A closed gate: why, since when, and what opens it. */
export interface GateView {
  readonly gate: string;
  readonly reason: string;
  readonly since: string;
  readonly opens: string;
  readonly waitsFor: "person" | "time" | "release";
}

/** A phase and its tries. `subject` is the module, image or service that it is about. */
export interface PhaseView {
  readonly phase: string;
  readonly subject?: string;
  readonly state: "waiting" | "running" | "succeeded" | "failed" | "skipped";
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly try: number;
  /** One line about what came of it. */
  readonly summary?: string;
}

/** A step in which a share of the requests goes to candidates. */
export interface CanaryStepView {
  readonly step: number;
  readonly percent: number;
  readonly services: readonly string[];
  readonly state: "shifting" | "baking" | "passed" | "failed" | "inconclusive";
  readonly startedAt?: string;
  readonly until?: string;
  /** What the verdict was reached by. */
  readonly evidence?: string;
}

/** The answer of `mobius explain`: one screen. */
export interface Explanation {
  readonly release: string;
  readonly state: ReleaseStateName;
  readonly why: string;
  readonly since: string;
  readonly waitingFor?: string;
  readonly next: string;
  /** What a person can do now, as commands. */
  readonly actions: readonly string[];
}
