import type { Plan } from "../../core/plan/plan.ts";
import type { GivenBuild } from "../../core/release/events.ts";
import type { Release } from "../../core/release/state.ts";
import type { ActorId } from "../../core/values/ids.ts";
import type { PlanRequest } from "./plan-maker.ts";

/** What is asked for when somebody, or a build, wants a release. */
export interface ReleaseRequest extends Omit<PlanRequest, "manifestText" | "platformText"> {
  /** A plan's digest or a prefix of it, of 12 hex digits or more. */
  readonly plan?: string;
  readonly requestId: string;
  readonly trigger: string;
  readonly actor: ActorId;
  /** The build that asks, where it was there first. */
  readonly build?: GivenBuild;
}

/** What came of it. */
export type Requested =
  | { readonly kind: "release"; readonly release: Release }
  | { readonly kind: "nothing-to-do"; readonly plan: Plan };
