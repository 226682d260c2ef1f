import type { Release } from "../release/state.ts";
import { type ActorId, actorId } from "../values/ids.ts";
import type { Instant } from "../values/time.ts";
import type { Decisions } from "./decisions.ts";

/** Why an environment's releases are kept back now. */
export interface HoldInForce {
  readonly by: ActorId;
  readonly reason: string;
  readonly since: Instant;
  readonly until?: Instant;
}

/**
 * The environment's hold: one that a person set, or what a rollback leaves behind. The latter is no event of its own: it is
 * read off the releases, so that no crash between a rollback and its hold can lose it.
 */
export function holdInForce(request: {
  readonly environment: string;
  readonly decisions: Decisions;
  readonly releases: readonly Release[];
  readonly now: Instant;
}): HoldInForce | undefined {
  const { environment, decisions, releases, now } = request;
  const { hold, resumedAt } = decisions;
  if (hold !== undefined && (hold.until === undefined || now < hold.until)) return hold;
  const last = releases
    .filter((release) => release.plan.environment === environment)
    .flatMap(rolledBack)
    .sort((a, b) => b.since - a.since)[0];
  return last === undefined || (resumedAt !== undefined && resumedAt >= last.since) ? undefined : last;
}

function rolledBack({ id, stage, plan, requestedBy }: Release): readonly HoldInForce[] {
  if (stage.name !== "ended") return [];
  const { rollback } = plan.actions;
  if (rollback !== undefined && stage.outcome.kind !== "cancelled") {
    return [{ by: requestedBy, reason: `${id} rolled it back to ${rollback.to}`, since: stage.at }];
  }
  if (stage.outcome.kind !== "rolled-back" && stage.outcome.kind !== "rollback-failed") return [];
  const how = stage.outcome.kind === "rolled-back" ? "was rolled back" : "could not be rolled back";
  return [{ by: actorId("system", ""), reason: `${id} ${how}`, since: stage.at }];
}
