/** Traffic that stays where it is while candidates are made beside it. */
import type { NonEmpty, Problem } from "../../../core/values/problem.ts";
import { ok, type Result } from "../../../core/values/result.ts";
import type { ObservedService, TrafficEntry } from "../../../ports/services.ts";
import type { PhaseContext } from "../phase-context.ts";

/** The tag under which a candidate answers before it has traffic. */
export const CANDIDATE_TAG = "candidate";

/** What a change of traffic alone may take, in ms. */
export const TRAFFIC_MS = 30_000;

/** Names the serving revision in the traffic, so that a new revision takes none by being the newest. */
export async function pinTraffic(context: PhaseContext, service: string): Promise<Result<void, Problem>> {
  const { environmentPorts, record, release } = context;
  // A pin comes before the candidate: once there is one, what serves may be what this release itself made.
  if (release().pinned[service] !== undefined || release().candidates[service] !== undefined) return ok(undefined);
  const observed = await environmentPorts.services.get(service);
  const serving = observed?.serving;
  if (observed === undefined || serving === undefined) return ok(undefined);
  if (!isPinned(observed, serving.name)) {
    await context.checkLease();
    const set = await environmentPorts.services.setTraffic(
      service,
      [{ revision: serving.name, percent: 100 }],
      TRAFFIC_MS,
    );
    if (!set.ok) return set;
  }
  await record({ type: "traffic-pinned", service, revision: serving.name });
  return ok(undefined);
}

function isPinned(observed: ObservedService, revision: string): boolean {
  return (
    observed.traffic.every((entry) => !entry.latest) &&
    observed.traffic.some((e) => e.revision === revision && e.percent === 100)
  );
}

/** Traffic of a candidate: the very first revision of a service has to have its traffic: nobody depends on it yet. */
export function candidateTraffic(pinned: string | undefined, revision: string): NonEmpty<TrafficEntry> {
  if (pinned === undefined) return [{ revision, percent: 100, tag: CANDIDATE_TAG }];
  return [
    { revision: pinned, percent: 100 },
    { revision, percent: 0, tag: CANDIDATE_TAG },
  ];
}
