import type { Plan } from "../../core/plan/plan.ts";
import type { GivenBuild } from "../../core/release/events.ts";
import type { Release } from "../../core/release/state.ts";
import type { ActorId, ReleaseId } from "../../core/values/ids.ts";
import type { PlanRequest } from "./plan-maker.ts";

/** Who asks for a release, and how it is known again. */
export interface Asked {
  /** A plan's digest or a prefix of it, of 12 hex digits or more: only that plan is released. */
  readonly plan?: string;
  readonly requestId: string;
  readonly trigger: string;
  readonly actor: ActorId;
  /** The build that asks, where it was there first. */
  readonly build?: GivenBuild;
  /** The release whose manifest was promoted. */
  readonly promotedFrom?: ReleaseId;
}

/** What is asked for when somebody, or a build, wants a release. */
export interface ReleaseRequest extends Asked, Omit<PlanRequest, "manifestText" | "platformText"> {}

/** Which set an environment is to be given back; without `to` the one before the present. */
export interface RollbackRequest {
  readonly environment: string;
  readonly to?: ReleaseId;
}

/** What came of it. */
export type Requested =
  | { readonly kind: "release"; readonly release: Release }
  | { readonly kind: "nothing-to-do"; readonly plan: Plan };

/** What is promoted, and to where. */
export interface PromotionRequest {
  /** Its id, its manifest's `release_id` or file; without one, what the environment that is promoted from has now. */
  readonly release?: string;
  readonly to: string;
  /** Values for overrides that the platform file does not say for that environment. */
  readonly overrides: Readonly<Record<string, string>>;
}
