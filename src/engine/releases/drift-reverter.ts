/**
 * Makes what drifted be as it was released again, when a person asks: under the environment's lease, with the steps in the
 * event log before the first of them is done. Cut off, it is asked for again and finds what is left to do: every step is
 * known by what it leaves.
 */
import { driftKey } from "../../core/drift/drift.ts";
import { type LeftDrift, planRevert, type RevertStep, revertLine } from "../../core/drift/plan-revert.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Services } from "../../ports/services.ts";
import type { Person } from "./decision-desk.ts";
import { driftNotReverted } from "./decision-problems.ts";
import type { DecisionStreams } from "./decision-streams.ts";
import type { DriftDesk, DriftReport, LivePlace } from "./drift-desk.ts";
import { withEnvironmentLease } from "./environment-lease.ts";
import { environmentBusy } from "./problems.ts";
import type { ReleasePorts } from "./release-ports.ts";

const TRAFFIC_MS = 30_000;
/** A revision may take its declared start-up time, and this much more to be made. */
const MAKING_MS = 30_000;

/** What was done, what stays, and how the environment is afterwards. */
export interface RevertReport {
  readonly done: readonly string[];
  readonly left: readonly LeftDrift[];
  readonly drift: DriftReport;
}

/** What a revert is done with. */
export interface ReverterParts {
  readonly ports: Pick<ReleasePorts, "clock" | "ids" | "leases" | "reach">;
  readonly decisions: DecisionStreams;
  readonly driftDesk: DriftDesk;
}

/** Reverts what can be, each service and job by itself; what fails is named and keeps no other from it. */
export async function revertDrift(
  { ports, decisions, driftDesk }: ReverterParts,
  place: LivePlace,
  { person, reason }: { readonly person: Person; readonly reason: string },
): Promise<Result<RevertReport, Problem>> {
  const { name } = place.environment;
  const purpose = `drift --revert by ${person.name}`;
  const reverted = await withEnvironmentLease(ports, { environment: name, purpose }, async (checkLease) => {
    const during = driftDesk.underWay(name);
    if (during !== undefined) return err(environmentBusy(name, during.id));
    const { steps, left } = await planFor(driftDesk, place);
    const done = steps.map(revertLine);
    if (steps.length === 0) return ok({ done, left });
    await decisions.record(name, person.actor, { type: "drift-revert-intended", reason, steps: done });
    const failures: string[] = [];
    for (const step of steps) {
      await checkLease();
      ports.reach("drift-revert:before");
      const failure = await failureOf(() => take(place.environmentPorts.services, step));
      ports.reach("drift-revert:after");
      if (failure !== undefined) failures.push(`${revertLine(step)}: ${failure}`);
    }
    await decisions.record(name, person.actor, { type: "drift-revert-ended", failures });
    return failures.length === 0 ? ok({ done, left }) : err(driftNotReverted(name, failures));
  });
  // What was put right is gone for whoever was told of it, also where something else failed.
  const drift = await driftDesk.check(place);
  return reverted.ok ? ok({ ...reverted.value, drift }) : reverted;
}

async function planFor(driftDesk: DriftDesk, place: LivePlace) {
  const look = await driftDesk.look(place);
  if (look === undefined) return { steps: [], left: [] };
  const { expected, drifts } = look;
  const { services } = place.environmentPorts;
  const there = new Set<string>();
  const removed = new Set(
    drifts.filter((drift) => driftKey(drift).endsWith(": service")).map(({ subject }) => subject),
  );
  for (const [service, revision] of Object.entries(expected.revisions)) {
    const subject = `service ${service}`;
    if (removed.has(subject) || !drifts.some((drift) => drift.subject === subject)) continue;
    if ((await services.revision(service, revision)) !== undefined) there.add(service);
  }
  return planRevert(expected, drifts, (service) => there.has(service));
}

async function failureOf(effect: () => Promise<Result<unknown, Problem>>): Promise<string | undefined> {
  try {
    const outcome = await effect();
    return outcome.ok ? undefined : outcome.error.summary;
  } catch (cause) {
    return cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  }
}

async function take(services: Services, step: RevertStep): Promise<Result<unknown, Problem>> {
  if (step.kind === "traffic") {
    return services.setTraffic(step.service, [{ revision: step.revision, percent: 100 }], TRAFFIC_MS);
  }
  const { template, release } = step;
  const labels = { "mobius-release": release.toLowerCase() };
  if (step.kind === "job") return services.declareJob({ job: step.job, template, labels });
  const { service, revision } = step;
  const deadlineMs = template.startup.withinSeconds * 1_000 + MAKING_MS;
  return services.deploy({ service, revision, template, labels, traffic: [{ revision, percent: 100 }], deadlineMs });
}
