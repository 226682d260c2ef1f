import { type PlannedService, revisionName } from "../../../core/plan/plan.ts";
import { present } from "../../../core/values/assert.ts";
import { count } from "../../../core/values/count.ts";
import type { Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import { formatDuration } from "../../../core/values/time.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";
import { releaseCancelled } from "../problems.ts";
import { runCanary } from "./canary.ts";
import { deployRevision, touchedServices } from "./candidate.ts";
import { pinTraffic } from "./pinned-traffic.ts";
import { revisionLabels, revisionTemplate } from "./revision-template.ts";

const SHIFT_MS = 30_000;

/**
 * Moves the traffic of the whole set, that of its canary services step by step before. Workers first, since starting one is what can still fail: the new revision starts
 * and takes over, the old one drains. Then every API at once, then the jobs' definitions. The first failure ends it;
 * the restore phase moves everything back.
 */
export async function shiftTraffic(context: PhaseContext): Promise<PhaseOutcome> {
  const services = touchedServices(context.release());
  const { rollback } = context.release().plan.actions;
  if (rollback !== undefined) return giveBack(context, services, rollback.revisions);
  const canary = await runCanary(context);
  if (!canary.ok) return canary;
  const startedMs = context.ports.clock.monotonicMs();
  for (const worker of services.filter((service) => service.role === "worker")) {
    const shifted = await shiftWorker(context, worker);
    if (!shifted.ok) return shifted;
  }
  const apis = services.filter((service) => service.role === "api");
  const flips = await Promise.all(apis.map((service) => shiftApi(context, service)));
  const failed = flips.find((result) => !result.ok);
  if (failed?.ok === false) return failed;
  for (const job of services.filter((service) => service.role === "job")) {
    const declared = await declareJob(context, job);
    if (!declared.ok) return declared;
  }
  const mixed = formatDuration(context.ports.clock.monotonicMs() - startedMs);
  return ok(`${count(services.length, "service")}; old and new ran mixed for ${mixed}`);
}

async function shiftWorker(context: PhaseContext, worker: PlannedService): Promise<Result<void, Problem>> {
  const { service } = worker;
  const pinned = await pinTraffic(context, service);
  if (!pinned.ok) return pinned;
  const revision = revisionName(service, context.release().id, 1);
  if (context.release().candidates[service] === undefined) {
    const isFirst = context.release().pinned[service] === undefined;
    await context.record({ type: "candidate-intended", service, revision, isFirst });
  }
  return move(context, service, revision, async () => {
    const deployed = await deployRevision(context, worker, {
      revision,
      env: worker.intended.env,
      traffic: [{ revision, percent: 100 }],
    });
    if (!deployed.ok) return deployed;
    const digest = present(deployed.value.digest, `digest of ${revision}`);
    await context.record({ type: "candidate-ready", service, revision, digest });
    return ok(deployed.value.service.url);
  });
}

function shiftApi(context: PhaseContext, api: PlannedService): Promise<Result<void, Problem>> {
  const { service } = api;
  const candidate = present(context.release().candidates[service], `candidate of ${service}`);
  return move(context, service, candidate.revision, () => takeAll(context, service, candidate.revision));
}

/** Intent, effect, outcome; a move that is already recorded as done is not made again. */
async function move(
  context: PhaseContext,
  service: string,
  revision: string,
  effect: () => Promise<Result<string, Problem>>,
): Promise<Result<void, Problem>> {
  if (context.release().shifts.some((shift) => shift.service === service && shift.done !== undefined))
    return ok(undefined);
  const { cancelReason } = context.release();
  if (cancelReason !== undefined) return err(releaseCancelled(cancelReason));
  await context.record({ type: "traffic-intended", service, revision });
  await context.checkLease();
  context.ports.reach(`shift:${service}:before`);
  const url = await effect();
  context.ports.reach(`shift:${service}:after`);
  if (!url.ok) return url;
  await context.record({ type: "traffic-shifted", service, revision, url: url.value });
  return ok(undefined);
}

/** Gives the traffic of the whole set to revisions that are there: what serves now is pinned, for the record and a cancel. */
async function giveBack(
  context: PhaseContext,
  services: readonly PlannedService[],
  revisions: Readonly<Record<string, string>>,
): Promise<PhaseOutcome> {
  const startedMs = context.ports.clock.monotonicMs();
  const given = await Promise.all(
    services.map(async ({ service }) => {
      const pinned = await pinTraffic(context, service);
      if (!pinned.ok) return pinned;
      const revision = present(revisions[service], `revision of ${service}`);
      await context.record({ type: "candidate-intended", service, revision, isFirst: false });
      return move(context, service, revision, () => takeAll(context, service, revision));
    }),
  );
  const failed = given.find((result) => !result.ok);
  if (failed?.ok === false) return failed;
  const mixed = formatDuration(context.ports.clock.monotonicMs() - startedMs);
  return ok(`${count(services.length, "service")} back in ${mixed}`);
}

async function takeAll(context: PhaseContext, service: string, revision: string): Promise<Result<string, Problem>> {
  const set = await context.environmentPorts.services.setTraffic(service, [{ revision, percent: 100 }], SHIFT_MS);
  return set.ok ? ok(set.value.url) : set;
}

async function declareJob(context: PhaseContext, job: PlannedService): Promise<Result<void, Problem>> {
  const template = revisionTemplate(context.release(), job, job.intended.env);
  if (!template.ok) return template;
  await context.checkLease();
  return context.environmentPorts.services.declareJob({
    job: job.service,
    template: template.value.template,
    labels: revisionLabels(context.release()),
  });
}
