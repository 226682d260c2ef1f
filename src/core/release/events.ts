/**
 * What can happen to a release, as facts in the past tense. A release's stream in the event log is a list of these, and
 * its state is their fold (`apply-event.ts`). An event that announces an effect (`…-intended`) is stored before it.
 */
import type { BuildStatus } from "../build/build-config.ts";
import type { RevisionRequests } from "../metrics/requests.ts";
import type { Plan } from "../plan/plan.ts";
import type { Digest } from "../values/digest.ts";
import type { CommitId, ReleaseId } from "../values/ids.ts";
import type { NonEmpty, Problem } from "../values/problem.ts";
import type { Instant } from "../values/time.ts";
import type { ClosedGate } from "./closed-gate.ts";

/** Version of the payloads below; an older one is upgraded where the log is read. */
export const RELEASE_EVENT_VERSION = 1;

/** A build that was there before its release. */
export interface GivenBuild {
  readonly id: string;
  readonly logUrl: string;
}

export type ReleaseEvent =
  | {
      readonly type: "release-requested";
      readonly release: ReleaseId;
      readonly plan: Plan;
      /** The umbrella's commit that the manifest and the platform file were read from. */
      readonly umbrellaCommit: CommitId;
      /** The trigger's id, or `manual:<person>`. */
      readonly trigger: string;
      /** Given by the client, so that a repeated request makes one release. */
      readonly requestId: string;
      /** Where a trigger started the build, and the build opened the release. */
      readonly build?: GivenBuild;
      /** The release whose manifest was promoted to this one's. */
      readonly promotedFrom?: ReleaseId;
    }
  /** What keeps the release from beginning; again whenever that changes. */
  | { readonly type: "gates-closed"; readonly gates: readonly ClosedGate[] }
  | { readonly type: "gates-opened" }
  /** A person agreed to this very plan. `roles` are those that the person had at that moment. */
  | { readonly type: "approved"; readonly plan: Digest; readonly roles: readonly string[]; readonly comment: string }
  | { readonly type: "rejected"; readonly reason: string }
  /** A person let the release through a freeze; it stays in its record. */
  | { readonly type: "freeze-excepted"; readonly freeze: string; readonly reason: string }
  | { readonly type: "lease-acquired"; readonly token: number }
  | { readonly type: "build-intended"; readonly tag: string }
  | { readonly type: "build-submitted"; readonly build: string; readonly logUrl: string }
  | { readonly type: "build-ended"; readonly build: string; readonly status: BuildStatus; readonly detail: string }
  | { readonly type: "phase-started"; readonly phase: PhaseName; readonly subject?: string }
  | { readonly type: "phase-noted"; readonly phase: PhaseName; readonly subject?: string; readonly text: string }
  | { readonly type: "phase-succeeded"; readonly phase: PhaseName; readonly subject?: string; readonly summary: string }
  | { readonly type: "phase-failed"; readonly phase: PhaseName; readonly subject?: string; readonly problem: Problem }
  | {
      readonly type: "image-resolved";
      readonly key: Digest;
      readonly image: string;
      readonly digest: Digest;
      readonly how: "built" | "present";
    }
  | { readonly type: "backed-up"; readonly backup: string; readonly databases: readonly string[] }
  | { readonly type: "migration-started"; readonly database: string; readonly identifier: string }
  | {
      readonly type: "migration-applied";
      readonly database: string;
      readonly identifier: string;
      readonly durationMs: number;
    }
  | { readonly type: "traffic-pinned"; readonly service: string; readonly revision: string }
  | {
      readonly type: "candidate-intended";
      readonly service: string;
      readonly revision: string;
      readonly isFirst: boolean;
    }
  | {
      readonly type: "candidate-ready";
      readonly service: string;
      readonly revision: string;
      readonly digest: Digest;
      /** Where it answers before it has traffic; undefined for a worker, which starts at the shift. */
      readonly address?: string;
    }
  | {
      readonly type: "check-ended";
      readonly check: string;
      readonly on: string;
      readonly verdict: Verdict;
      readonly tries: number;
      readonly evidence: string;
    }
  /** Steps are numbered from 1. */
  | {
      readonly type: "canary-step-intended";
      readonly step: number;
      /** Share of the requests that goes to the candidates. */
      readonly percent: number;
      readonly services: NonEmpty<CanarySplit>;
    }
  /** The candidates have their share until then; the instant stands fast, whatever restarts in between. */
  | {
      readonly type: "canary-step-begun";
      readonly step: number;
      readonly until: Instant;
      /** What had been counted of the candidates in the minute in which the step began. */
      readonly before: readonly RevisionRequests[];
    }
  | {
      readonly type: "canary-step-judged";
      readonly step: number;
      readonly verdict: Verdict;
      readonly evidence: string;
    }
  | { readonly type: "traffic-intended"; readonly service: string; readonly revision: string }
  | { readonly type: "traffic-shifted"; readonly service: string; readonly revision: string; readonly url: string }
  /** The set serves and is watched; the instant stands fast, whatever restarts in between. */
  | { readonly type: "soak-started"; readonly until: Instant }
  | { readonly type: "traffic-restored"; readonly service: string; readonly revision: string | "removed" }
  | { readonly type: "cancel-requested"; readonly reason: string }
  | { readonly type: "written-back"; readonly commit: CommitId | "nothing-to-write" }
  | { readonly type: "release-ended"; readonly outcome: Outcome };

/** The two revisions that a service's requests are shared between while a canary step bakes. */
export interface CanarySplit {
  readonly service: string;
  readonly serving: string;
  readonly candidate: string;
}

/** The phases of design section 11. Those up to `verify-candidates` are asked for by the build's steps. */
export type PhaseName =
  | "checkout"
  | "load"
  | "build"
  | "back-up"
  | "migrate"
  | "script"
  | "candidate"
  | "rehearse"
  | "verify-candidates"
  | "shift"
  | "verify"
  | "migrate-after-soak"
  | "record"
  | "restore";

/** "No data" is never a pass: what could not be found out is inconclusive. */
export type Verdict = "passed" | "failed" | "inconclusive";

export type Outcome =
  | { readonly kind: "succeeded" }
  | { readonly kind: "failed"; readonly problem: Problem }
  | { readonly kind: "cancelled"; readonly reason: string }
  /** Traffic had moved and was moved back. */
  | { readonly kind: "rolled-back"; readonly problem: Problem }
  /** Traffic could not be moved back: a person must. */
  | { readonly kind: "rollback-failed"; readonly problem: Problem; readonly cause: Problem };
