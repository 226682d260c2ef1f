/** What our API answers with, where it is not a view of the core. */
import type { Plan } from "../core/plan/plan.ts";
import type { PlanOutlook } from "../core/views/plan-outlook.ts";
import type { ReleaseView } from "../core/views/release-view.ts";

/** What a promotion would release. */
export interface PromotionAnswer {
  /** The release that proved it. */
  readonly source: string;
  readonly manifest: {
    readonly file: string;
    readonly text: string;
    readonly changes: readonly { readonly path: readonly string[]; readonly from: string; readonly to: string }[];
  };
  readonly plan: Plan;
  readonly outlook: PlanOutlook;
}

/** A person, without the token. */
export interface PersonAnswer {
  readonly name: string;
  readonly roles: readonly string[];
  readonly tokenEnd: string;
  readonly expiresAt: string;
}

/** A channel of notifications and how it is doing. */
export interface ChannelAnswer {
  readonly channel: string;
  readonly receiver: string;
  readonly waiting: number;
  readonly delivered: number;
  readonly failed: number;
  readonly reason?: string;
}

/** A message of the outbox. */
export interface MessageAnswer {
  readonly id: string;
  readonly channel: string;
  readonly about: string;
  readonly createdAt: string;
  readonly state: string;
  readonly tries: number;
  readonly reason?: string;
  readonly dueAt?: string;
}

/** What tools of Google's need to reach an environment. */
export interface AccessAnswer {
  readonly project: string;
  readonly region: string;
  readonly token: string;
  readonly expiresAt: string;
}

/** What an environment serves. */
export interface EnvironmentAnswer {
  readonly environment: string;
  readonly services: readonly {
    readonly service: string;
    readonly url: string;
    readonly revision?: string;
    readonly digest?: string;
  }[];
}

/** What came of asking for a release. */
export type ReleaseAnswer = { readonly release: ReleaseView } | { readonly nothingToDo: true; readonly plan: Plan };

/** Whether an identity has a right. */
export interface DecisionAnswer {
  readonly email: string;
  readonly permission: string;
  readonly resource: string;
  readonly allowed: boolean;
  readonly reason: string;
}
