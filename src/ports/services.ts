import type { ObservedRevision, ObservedService, RevisionTemplate } from "../core/plan/observed.ts";
import type { NonEmpty, Problem } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";

export type {
  EnvValue,
  ObservedRevision,
  ObservedService,
  ObservedTraffic,
  RevisionTemplate,
} from "../core/plan/observed.ts";

export interface TrafficEntry {
  readonly revision: string;
  readonly percent: number;
  readonly tag?: string;
}

/**
 * Cloud Run of one environment in our words. Effects are recognised by what they leave: a revision by its name, traffic
 * by what it is. Conflicts (a changed etag) come back as a problem `target-changed`; nothing is retried in here.
 */
export interface Services {
  list(): Promise<readonly ObservedService[]>;
  get(service: string): Promise<ObservedService | undefined>;
  /** A revision that the service still has, with traffic or without. */
  revision(service: string, revision: string): Promise<ObservedRevision | undefined>;
  /** The address that the service has or will have; stable from now on. */
  address(service: string): Promise<string>;
  /** The address of one of its tags. */
  tagAddress(service: string, tag: string): Promise<string>;
  /**
   * Makes the named revision and sets the traffic given, in one call, and waits until it is ready or the deadline
   * passes. Repeating it with the same revision name makes no second one. `public` opens the service to everybody.
   */
  deploy(request: {
    readonly service: string;
    readonly revision: string;
    readonly template: RevisionTemplate;
    readonly labels: Readonly<Record<string, string>>;
    readonly traffic: NonEmpty<TrafficEntry>;
    readonly deadlineMs: number;
  }): Promise<Result<ObservedService, Problem>>;
  /** Replaces the traffic split; makes no revision. */
  setTraffic(
    service: string,
    traffic: NonEmpty<TrafficEntry>,
    deadlineMs: number,
  ): Promise<Result<ObservedService, Problem>>;
  /** Removes a service that a failed first release made. Nothing happens when it is gone. */
  remove(service: string): Promise<void>;
  /** Declares a job (role `job`); it is not run. */
  declareJob(request: {
    readonly job: string;
    readonly template: RevisionTemplate;
    readonly labels: Readonly<Record<string, string>>;
  }): Promise<Result<void, Problem>>;
  observedJob(job: string): Promise<RevisionTemplate | undefined>;
}
