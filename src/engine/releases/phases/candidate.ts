import { type PlannedService, revisionName } from "../../../core/plan/plan.ts";
import type { Release } from "../../../core/release/state.ts";
import { present } from "../../../core/values/assert.ts";
import { count } from "../../../core/values/count.ts";
import type { NonEmpty, Problem } from "../../../core/values/problem.ts";
import { ok, type Result } from "../../../core/values/result.ts";
import type { EnvValue, ObservedService, TrafficEntry } from "../../../ports/services.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";
import { CANDIDATE_TAG, candidateTraffic, pinTraffic } from "./pinned-traffic.ts";
import { type RevisionDigest, revisionLabels, revisionTemplate } from "./revision-template.ts";
import { adoptScripted } from "./script.ts";

/** A revision may take its declared start-up time, and this much more to be made. */
const MAKING_MS = 30_000;

/**
 * Makes the candidates of one module's services (the subject) at 0 % of the traffic, after pinning the traffic to what
 * serves now. Workers get none: they start at the shift, since a second one would consume the live queue.
 */
export async function makeCandidates(context: PhaseContext): Promise<PhaseOutcome> {
  const module = present(context.subject, "the candidate phase's module");
  const services = touchedServices(context.release()).filter((service) => service.module === module);
  const pinned = await Promise.all(services.filter(isServed).map((service) => pinTraffic(context, service.service)));
  const refused = pinned.find((result) => !result.ok);
  if (refused?.ok === false) return refused;
  const made = await Promise.all(
    services.filter((service) => service.role === "api").map((s) => makeCandidate(context, s)),
  );
  const failed = made.find((result) => !result.ok);
  if (failed?.ok === false) return failed;
  const waiting = services.length - made.length;
  if (services.length === 0) return ok("nothing to deploy");
  return ok(
    `${count(made.length, "candidate")}${waiting === 0 ? "" : `; ${waiting} more at the shift (workers and jobs)`}`,
  );
}

/** Services that the plan changes. */
export function touchedServices(release: Release): readonly PlannedService[] {
  return release.plan.actions.services.filter((service) => service.change !== "unchanged");
}

/** Whether it has traffic: a job has none. */
export function isServed(service: PlannedService): boolean {
  return service.role !== "job";
}

async function makeCandidate(context: PhaseContext, planned: PlannedService): Promise<Result<void, Problem>> {
  const { service } = planned;
  const { release, record, environmentPorts, ports } = context;
  const revision = revisionName(service, release().id, 1);
  const known = release().candidates[service];
  if (known?.ready !== undefined) return ok(undefined);
  const pinned = release().pinned[service];
  if (known === undefined) {
    await record({ type: "candidate-intended", service, revision, isFirst: pinned === undefined });
  }
  const adopted = await adoptScripted(context, planned);
  if (adopted !== undefined) return adopted;
  await context.checkLease();
  ports.reach(`candidate:${service}:before`);
  const deployed = await deployRevision(context, planned, {
    revision,
    env: planned.intended.env,
    traffic: candidateTraffic(pinned, revision),
  });
  ports.reach(`candidate:${service}:after`);
  if (!deployed.ok) return deployed;
  const address = await environmentPorts.services.tagAddress(service, CANDIDATE_TAG);
  const digest = present(deployed.value.digest, `digest of ${revision}`);
  await record({ type: "candidate-ready", service, revision, digest, address });
  return ok(undefined);
}

/** Makes one revision of a planned service and waits until it is ready; the digest is the one that runs. */
export async function deployRevision(
  context: PhaseContext,
  planned: PlannedService,
  wanted: {
    readonly revision: string;
    readonly env: Readonly<Record<string, EnvValue>>;
    readonly traffic: NonEmpty<TrafficEntry>;
  },
): Promise<Result<{ readonly service: ObservedService; readonly digest: RevisionDigest }, Problem>> {
  const template = revisionTemplate(context.release(), planned, wanted.env);
  if (!template.ok) return template;
  const deployed = await context.environmentPorts.services.deploy({
    service: planned.service,
    revision: wanted.revision,
    template: template.value.template,
    labels: revisionLabels(context.release()),
    traffic: wanted.traffic,
    deadlineMs: planned.intended.startup.withinSeconds * 1_000 + MAKING_MS,
  });
  return deployed.ok ? ok({ service: deployed.value, digest: template.value.digest }) : deployed;
}
