import type { ScmEvent } from "../../core/trigger/scm-event.ts";
import type { RepoSource, Trigger } from "../../core/trigger/trigger.ts";
import type { ActorId } from "../../core/values/ids.ts";

/** Why something of a trigger was not done. */
export interface TriggerRefusal {
  readonly kind: "invalid" | "exists" | "too-many" | "unavailable" | "filtered" | "gone";
  readonly message: string;
}

/** One run of a trigger. */
export interface TriggerRun {
  readonly trigger: Trigger;
  readonly actor: ActorId;
  /** Which revision a person asks for; its substitutions win over the trigger's. */
  readonly source?: RepoSource;
  /** What happened in the trigger's repository. */
  readonly event?: ScmEvent;
  /** What `$(body…)` in the trigger's values refers to. */
  readonly payload?: unknown;
  /** Equal ones make one build, also after a restart. */
  readonly delivery?: string;
}
