import { closedGates } from "../../core/gates/closed-gates.ts";
import type { Plan, PlannedCommit } from "../../core/plan/plan.ts";
import type { ModuleChanges } from "../../core/records/changelog.ts";
import type { ActorId, CommitId } from "../../core/values/ids.ts";
import { expectedDuration, type PlanOutlook } from "../../core/views/plan-outlook.ts";
import { readChanges } from "../records/read-changes.ts";
import type { DecisionStreams } from "./decision-streams.ts";
import type { DriftDesk } from "./drift-desk.ts";
import type { Places } from "./places.ts";
import { checklistGates } from "./read-checklist.ts";
import type { ReleasePorts } from "./release-ports.ts";
import type { ReleaseStreams } from "./release-streams.ts";

/** Commits shown of each module. */
const SHOWN = 5;
/** Modules whose commits are read: a release that changes more of them is not read commit by commit. */
const MAX_MODULES = 40;

interface OutlookParts {
  readonly ports: Pick<ReleasePorts, "source" | "clock" | "umbrella">;
  readonly streams: ReleaseStreams;
  readonly decisions: DecisionStreams;
  readonly driftDesk: DriftDesk;
  readonly places: Places;
}

/** What a person should know of a plan that nobody has asked a release of yet. Changes nothing. */
export async function planOutlook(
  { ports, streams, decisions, driftDesk, places }: OutlookParts,
  asked: { readonly plan: Plan; readonly umbrellaCommit: CommitId; readonly actor: ActorId },
): Promise<PlanOutlook> {
  const { plan, umbrellaCommit, actor } = asked;
  const releases = streams.all();
  const expected = expectedDuration(plan, releases);
  const [changes, place] = await Promise.all([
    readAllChanges(ports.source, plan.actions.commits),
    places.named(plan.environment),
  ]);
  const shared = { changes, ...(expected === undefined ? {} : { expected }) };
  // An environment that only the working folder's platform file has: nothing was decided about it, or released to it.
  if (!place.ok) return { ...shared, gates: [], drifts: [] };
  const now = ports.clock.now();
  const release = {
    id: "<release>",
    plan,
    umbrellaCommit,
    trigger: `manual:${actor}`,
    requestedBy: actor,
    requestedAt: now,
    approvals: [],
    exceptions: [],
  };
  const { policies } = place.value.environment;
  const known = closedGates({
    release,
    policies,
    decisions: decisions.of(plan.environment),
    releases,
    now,
  });
  const gates = [...known, ...(await checklistGates(ports, policies, release))];
  const { drifts } = await driftDesk.check(place.value);
  return { ...shared, gates, drifts };
}

async function readAllChanges(
  source: ReleasePorts["source"],
  commits: readonly PlannedCommit[],
): Promise<readonly ModuleChanges[]> {
  const changed = commits.filter(({ from, commit }) => from !== undefined && from !== commit).slice(0, MAX_MODULES);
  return Promise.all(
    changed.map(({ module, repository, from, commit }) =>
      readChanges(source, { module, repository, ...(from === undefined ? {} : { from }), to: commit }, SHOWN),
    ),
  );
}
