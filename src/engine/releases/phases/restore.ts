import { count } from "../../../core/values/count.ts";
import type { Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";

const RESTORE_MS = 30_000;

/**
 * Puts the traffic of everything that this release touched back to what it was: pinned revisions get all of it and
 * candidates lose their tags; a service that this release made first is removed. Safe to repeat. Every service is
 * tried, so that one that cannot be restored does not keep the others from it.
 */
export async function restoreTraffic(context: PhaseContext): Promise<PhaseOutcome> {
  const { pinned, candidates } = context.release();
  const services = Object.keys(candidates);
  const restored = await Promise.all(services.map((service) => restoreService(context, service, pinned[service])));
  const problems = restored.flatMap((result) => (result.ok ? [] : [result.error]));
  const [first, ...others] = problems;
  if (first === undefined)
    return ok(services.length === 0 ? "nothing had been touched" : count(services.length, "service"));
  return err({ ...first, why: [...first.why, ...others.flatMap((problem) => [problem.summary, ...problem.why])] });
}

async function restoreService(
  context: PhaseContext,
  service: string,
  pinned: string | undefined,
): Promise<Result<void, Problem>> {
  await context.checkLease();
  context.ports.reach(`restore:${service}:before`);
  if (pinned === undefined) {
    await context.environmentPorts.services.remove(service);
    await context.record({ type: "traffic-restored", service, revision: "removed" });
    return ok(undefined);
  }
  const set = await context.environmentPorts.services.setTraffic(
    service,
    [{ revision: pinned, percent: 100 }],
    RESTORE_MS,
  );
  context.ports.reach(`restore:${service}:after`);
  if (!set.ok) return set;
  await context.record({ type: "traffic-restored", service, revision: pinned });
  return ok(undefined);
}
