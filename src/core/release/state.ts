import type { BuildStatus } from "../build/build-config.ts";
import type { RevisionRequests } from "../metrics/requests.ts";
import type { Plan } from "../plan/plan.ts";
import type { Digest } from "../values/digest.ts";
import type { ActorId, CommitId, ReleaseId } from "../values/ids.ts";
import type { NonEmpty, Problem } from "../values/problem.ts";
import type { Instant } from "../values/time.ts";
import type { ClosedGate } from "./closed-gate.ts";
import type { CanarySplit, GivenBuild, Outcome, PhaseName, Verdict } from "./events.ts";

/** A release as its events made it. What is true only in some states stands in `stage`. */
export interface Release {
  readonly id: ReleaseId;
  readonly plan: Plan;
  readonly umbrellaCommit: CommitId;
  readonly trigger: string;
  readonly requestId: string;
  /** The build that opened the release, where it was there first. */
  readonly givenBuild?: GivenBuild;
  readonly promotedFrom?: ReleaseId;
  readonly requestedBy: ActorId;
  readonly requestedAt: Instant;
  readonly stage: Stage;
  /** What keeps it from beginning, as it was last seen; empty once it may. */
  readonly closedGates: readonly ClosedGate[];
  readonly approvals: readonly Approval[];
  readonly exceptions: readonly FreezeException[];
  readonly phases: readonly PhaseRecord[];
  /** Build key → digest that its build resolved. */
  readonly images: Readonly<Record<string, Digest>>;
  readonly imageSources: Readonly<Record<string, "built" | "present">>;
  readonly backup?: string;
  readonly appliedMigrations: readonly {
    readonly database: string;
    readonly identifier: string;
    readonly durationMs: number;
  }[];
  /** Service → revision that had the traffic when this release began to touch it. */
  readonly pinned: Readonly<Record<string, string>>;
  readonly candidates: Readonly<Record<string, Candidate>>;
  readonly checks: readonly CheckRecord[];
  /** Steps in which a share of the requests went to candidates, in order. */
  readonly canary: readonly CanaryStep[];
  /** Services whose traffic this release meant to move, in order. */
  readonly shifts: readonly Shift[];
  /** When the soak time is over; only after the shift. */
  readonly soakUntil?: Instant;
  readonly restored: Readonly<Record<string, string>>;
  readonly cancelReason?: string;
  readonly writeBackCommit?: CommitId;
  readonly lastSequence: number;
}

export type Stage =
  | { readonly name: "queued" }
  | { readonly name: "building"; readonly build: BuildProgress }
  | { readonly name: "shifting" | "verifying" | "finishing" | "recording"; readonly build: BuildProgress }
  | { readonly name: "restoring"; readonly problem: Problem; readonly build: BuildProgress }
  | { readonly name: "ended"; readonly outcome: Outcome; readonly at: Instant; readonly build: BuildProgress };

export type BuildProgress =
  | { readonly kind: "none" }
  | { readonly kind: "intended"; readonly tag: string }
  | { readonly kind: "submitted"; readonly tag: string; readonly id: string; readonly logUrl: string }
  | EndedBuild;

export interface EndedBuild {
  readonly kind: "ended";
  readonly tag: string;
  readonly id: string;
  readonly logUrl: string;
  readonly status: BuildStatus;
}

/** A person's agreement to the release's plan. */
export interface Approval {
  readonly by: ActorId;
  readonly at: Instant;
  readonly plan: Digest;
  readonly roles: readonly string[];
  readonly comment: string;
}

export interface FreezeException {
  readonly freeze: string;
  readonly by: ActorId;
  readonly at: Instant;
  readonly reason: string;
}

/** A phase with its newest try; earlier tries are in the event log. */
export interface PhaseRecord {
  readonly phase: PhaseName;
  readonly subject?: string;
  readonly try: number;
  readonly startedAt: Instant;
  readonly outcome:
    | { readonly kind: "running" }
    | { readonly kind: "succeeded"; readonly at: Instant; readonly summary: string }
    | { readonly kind: "failed"; readonly at: Instant; readonly problem: Problem };
}

export interface Candidate {
  readonly revision: string;
  /** The service did not exist before: undoing is removing it. */
  readonly isFirst: boolean;
  readonly ready?: { readonly digest: Digest; readonly address?: string };
}

export interface CheckRecord {
  readonly check: string;
  readonly on: string;
  readonly verdict: Verdict;
  readonly tries: number;
  readonly evidence: string;
}

/** A step of a canary: meant, begun, judged. */
export interface CanaryStep {
  readonly step: number;
  readonly percent: number;
  readonly services: NonEmpty<CanarySplit>;
  readonly begun?: { readonly at: Instant; readonly until: Instant; readonly before: readonly RevisionRequests[] };
  readonly judged?: { readonly at: Instant; readonly verdict: Verdict; readonly evidence: string };
}

export interface Shift {
  readonly service: string;
  readonly revision: string;
  readonly done?: { readonly at: Instant; readonly url: string };
}

/** Whether nothing can happen to the release any more. */
export function isEnded(release: Release): boolean {
  return release.stage.name === "ended";
}

/** The record of a phase, if it ever began. */
export function phaseRecord(release: Release, phase: PhaseName, subject?: string): PhaseRecord | undefined {
  return release.phases.find((record) => record.phase === phase && record.subject === subject);
}
