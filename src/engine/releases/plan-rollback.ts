import type { ReleasedSet } from "../../core/gates/released-set.ts";
import { releasedSets } from "../../core/gates/released-set.ts";
import type { Plan, PlanActions, PlannedService, Precondition } from "../../core/plan/plan.ts";
import type { Release } from "../../core/release/state.ts";
import { digestOfValue } from "../../core/values/digest.ts";
import type { ReleaseId } from "../../core/values/ids.ts";
import type { NonEmpty, Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { EnvironmentPorts } from "./release-ports.ts";
import { revisionGone, rollbackImpossible, rollbackTargetUnknown } from "./rollback-problems.ts";

export interface RollbackPlan {
  readonly plan: Plan;
  /** The release whose set comes back: its umbrella commit has the platform file that goes with it. */
  readonly target: Release;
}

/**
 * The plan of giving an environment's traffic back to the set that a release left, by default the one before the present.
 * It moves traffic and nothing else: configuration and secret versions come back with the revisions, migrations stay.
 * Every revision is looked up, so that what can no longer be given back is found before anything moves.
 */
export async function planRollback(
  ports: Pick<EnvironmentPorts, "services">,
  releases: readonly Release[],
  { environment, to }: { readonly environment: string; readonly to?: ReleaseId },
): Promise<Result<RollbackPlan, NonEmpty<Problem>>> {
  const sets = releasedSets(releases, environment);
  const chosen = chooseSet(sets, environment, to);
  if (!chosen.ok) return err([chosen.error]);
  const set = chosen.value;
  const target = releases.find(({ id }) => id === set.release);
  if (target === undefined) return err([rollbackTargetUnknown(set.release, environment)]);
  const observed = await ports.services.list();
  const services: PlannedService[] = [];
  const problems: Problem[] = [];
  for (const [service, revision] of Object.entries(set.revisions)) {
    const live = observed.find(({ name }) => name === service);
    const planned = plannedIn(releases, service);
    if (planned === undefined) continue;
    if (live === undefined || (await ports.services.revision(service, revision)) === undefined) {
      problems.push(revisionGone(service, revision, set.release));
      continue;
    }
    const serving = live.serving;
    const isThere = serving?.name === revision && live.traffic.filter(({ percent }) => percent > 0).length === 1;
    const { serving: _, ...rest } = planned;
    services.push({
      ...rest,
      change: isThere ? "unchanged" : "update",
      reasons: isThere ? [] : [`back to ${revision} of ${set.release}`],
      ...(serving === undefined
        ? {}
        : {
            serving: { revision: serving.name, ...(serving.digest === undefined ? {} : { digest: serving.digest }) },
          }),
    });
  }
  const [first, ...rest] = problems;
  if (first !== undefined) return err([first, ...rest]);
  const untouched = observed.map(({ name }) => name).filter((name) => set.revisions[name] === undefined);
  return ok({
    target,
    plan: rollbackPlan({ target, set, services, notes: notesOf(releases, set, environment, untouched) }),
  });
}

function chooseSet(
  sets: readonly ReleasedSet[],
  environment: string,
  to: ReleaseId | undefined,
): Result<ReleasedSet, Problem> {
  if (to !== undefined) {
    const named = sets.find(({ release }) => release === to);
    return named === undefined ? err(rollbackTargetUnknown(to, environment)) : ok(named);
  }
  const before = sets.slice(0, -1).findLast(({ standing }) => standing === "proven");
  return before === undefined ? err(rollbackImpossible(environment)) : ok(before);
}

/** How the newest release that named the service planned it. */
function plannedIn(releases: readonly Release[], service: string): PlannedService | undefined {
  for (const { plan } of releases) {
    const planned = plan.actions.services.find((candidate) => candidate.service === service);
    if (planned !== undefined) return planned;
  }
  return undefined;
}

function rollbackPlan({
  target,
  set,
  services,
  notes,
}: {
  readonly target: Release;
  readonly set: ReleasedSet;
  readonly services: readonly PlannedService[];
  readonly notes: readonly string[];
}): Plan {
  const { environment, project, region, manifest, actions } = target.plan;
  const planned: PlanActions = {
    commits: [],
    builds: [],
    migrations: [],
    services,
    flags: actions.flags,
    overrides: actions.overrides,
    rollback: { to: set.release, revisions: set.revisions },
  };
  const preconditions = services
    .filter(({ change }) => change !== "unchanged")
    .map(
      ({ service, serving }): Precondition => ({
        kind: "serving-revision",
        service,
        revision: serving?.revision ?? "none",
      }),
    );
  return {
    digest: digestOfValue({ environment, project, actions: planned, preconditions }),
    environment,
    project,
    region,
    manifest,
    actions: planned,
    preconditions,
    informative: { rewrites: [], notes, unnamedMigrations: [] },
  };
}

/** What a rollback does not bring back, said before it is done. */
function notesOf(
  releases: readonly Release[],
  set: ReleasedSet,
  environment: string,
  untouched: readonly string[],
): readonly string[] {
  const since = releases.filter(
    ({ plan, requestedAt }) =>
      plan.environment === environment && requestedAt > set.at && plan.actions.rollback === undefined,
  );
  const migrations = since.flatMap(({ appliedMigrations }) => appliedMigrations.map(({ identifier }) => identifier));
  return [
    ...(migrations.length === 0 ? [] : [`Migrations stay applied: ${[...new Set(migrations)].join(", ")}.`]),
    ...untouched.map((service) => `Service ${service} was not in that set: left as it is.`),
  ];
}
