import { canaryNumbers, canaryWindow, minuteStart, SETTLE_MS, SLICE_MS } from "../../../core/canary/canary-numbers.ts";
import { type CanaryJudgement, isHopeless, judgeCanary } from "../../../core/canary/judge-canary.ts";
import type { RevisionRequests } from "../../../core/metrics/requests.ts";
import type { Canary } from "../../../core/platform/platform.ts";
import type { CanarySplit } from "../../../core/release/events.ts";
import type { CanaryStep } from "../../../core/release/state.ts";
import { present } from "../../../core/values/assert.ts";
import type { NonEmpty, Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import { instant } from "../../../core/values/time.ts";
import type { PhaseContext } from "../phase-context.ts";
import { canaryNotPassed, releaseCancelled } from "../problems.ts";
import { CANDIDATE_TAG } from "./pinned-traffic.ts";

const SHIFT_MS = 30_000;
/** How often a step that bakes is looked at for a failure that needs no more time. */
const LOOK_MS = 5_000;
/** How often the numbers are asked for at the end of a step, and the pause before the next try. */
const TRIES = 3;
const PAUSE_MS = 1_000;

/**
 * Moves a share of the requests of the plan's canary services to their candidates, step by step, before the traffic of the
 * set moves. The step that did not pass ends the shift, and the restore phase moves everything back. A restarted server
 * goes on where the events end: a step that has begun is not begun again, and bakes until its recorded end.
 */
export async function runCanary(context: PhaseContext): Promise<Result<void, Problem>> {
  const { canary } = context.release().plan.actions;
  const [first, ...others] = canary === undefined ? [] : splitsOf(context, canary);
  if (canary === undefined || first === undefined) return ok(undefined);
  for (const [index, { percent, bakeMs }] of canary.steps.entries()) {
    const step = { number: index + 1, percent, bakeMs, services: [first, ...others] as const };
    const judged = stepOf(context, step.number)?.judged ?? (await performStep(context, canary, step));
    if ("ok" in judged) return judged;
    const { verdict, evidence } = judged;
    if (verdict !== "passed") return err(canaryNotPassed({ number: step.number, percent, verdict, evidence }));
  }
  return ok(undefined);
}

interface Step {
  readonly number: number;
  readonly percent: number;
  readonly bakeMs: number;
  readonly services: NonEmpty<CanarySplit>;
}

/** Services of which one revision serves and another is ready to. */
function splitsOf(context: PhaseContext, canary: Canary): readonly CanarySplit[] {
  const { pinned, candidates } = context.release();
  return canary.services.flatMap((service) => {
    const [serving, candidate] = [pinned[service], candidates[service]?.revision];
    return serving === undefined || candidate === undefined ? [] : [{ service, serving, candidate }];
  });
}

function stepOf(context: PhaseContext, number: number): CanaryStep | undefined {
  return context.release().canary.find(({ step }) => step === number);
}

/** Intent, effect, bake time, verdict; each that is recorded already is passed over. */
async function performStep(
  context: PhaseContext,
  canary: Canary,
  step: Step,
): Promise<CanaryJudgement | { readonly ok: false; readonly error: Problem }> {
  const { record, release, signal } = context;
  const { cancelReason } = release();
  if (cancelReason !== undefined) return err(releaseCancelled(cancelReason));
  const { number } = step;
  if (stepOf(context, number)?.begun === undefined) {
    const begun = await begin(context, step);
    if (!begun.ok) return begun;
  }
  const hopeless = await bake(context, canary, step);
  if (signal.aborted) return err(releaseCancelled("It was stopped while a canary step baked."));
  const judged = hopeless ?? (await judge(context, canary, step));
  // Somebody who cancelled while the numbers were read has decided: a verdict would say otherwise.
  if (signal.aborted) return err(releaseCancelled("It was stopped while a canary step baked."));
  await record({ type: "canary-step-judged", step: number, ...judged });
  return judged;
}

async function begin(context: PhaseContext, step: Step): Promise<Result<void, Problem>> {
  const { ports, environmentPorts, record, checkLease } = context;
  const minute = minuteStart(ports.clock.now());
  const window = { from: minute, until: instant(minute + SLICE_MS), sliceMs: SLICE_MS };
  // A cloud that does not tell what it counts could not say how a step goes: nothing moves then.
  const counted = await environmentPorts.requestMetrics.read(window);
  const { number, percent, services } = step;
  if (stepOf(context, number) === undefined) {
    await record({ type: "canary-step-intended", step: number, percent, services });
  }
  for (const { service, serving, candidate } of services) {
    await checkLease();
    ports.reach(`canary:${service}:before`);
    const share = { revision: candidate, percent, tag: CANDIDATE_TAG };
    // What has neither a share nor a tag is no part of a service's traffic.
    const rest = percent === 100 ? [] : [{ revision: serving, percent: 100 - percent }];
    const set = await environmentPorts.services.setTraffic(service, [share, ...rest], SHIFT_MS);
    ports.reach(`canary:${service}:after`);
    if (!set.ok) return set;
  }
  const isCandidate = ({ revision }: RevisionRequests) => services.some((each) => each.candidate === revision);
  const until = instant(ports.clock.now() + step.bakeMs);
  await record({ type: "canary-step-begun", step: number, until, before: counted.filter(isCandidate) });
  return ok(undefined);
}

/** Waits until the bake time is over and the cloud has told all of it; gives a verdict that no more time would better. */
async function bake(context: PhaseContext, canary: Canary, step: Step): Promise<CanaryJudgement | undefined> {
  const { clock } = context.ports;
  const { begun } = present(stepOf(context, step.number), `canary step ${step.number}`);
  const until = present(begun, `begin of canary step ${step.number}`).until;
  const settleMs = SETTLE_MS[context.environment.cloud];
  // The clock may have been set since: within one server the wait is measured, and it is never longer than asked.
  const leftMs = Math.min(until - clock.now(), step.bakeMs) + settleMs;
  const endMs = clock.monotonicMs() + leftMs;
  let lookMs = clock.monotonicMs() + LOOK_MS;
  while (!context.signal.aborted && clock.monotonicMs() < endMs) {
    await clock.sleep(Math.min(endMs, lookMs) - clock.monotonicMs(), context.signal);
    if (context.signal.aborted || clock.monotonicMs() < lookMs) continue;
    lookMs = clock.monotonicMs() + LOOK_MS;
    const numbers = await readNumbers(context, step).catch(() => []); // the end of the step finds out
    if (isHopeless(canary.gates, numbers)) return judgeCanary(canary.gates, numbers);
  }
  return undefined;
}

/** Numbers that cannot be read are no numbers: inconclusive. */
async function judge(context: PhaseContext, canary: Canary, step: Step): Promise<CanaryJudgement> {
  for (let tries = 1; ; tries += 1) {
    try {
      return judgeCanary(canary.gates, await readNumbers(context, step));
    } catch (cause) {
      const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
      if (tries === TRIES || context.signal.aborted) {
        return { verdict: "inconclusive", evidence: `what was counted of its requests cannot be read: ${reason}` };
      }
      await context.ports.clock.sleep(PAUSE_MS, context.signal);
    }
  }
}

async function readNumbers(context: PhaseContext, { number, bakeMs, services }: Step) {
  const { ports, environmentPorts, release } = context;
  const begun = present(stepOf(context, number)?.begun, `begin of canary step ${number}`);
  const firstBegunAt = release().canary[0]?.begun?.at ?? begun.at;
  const requests = await environmentPorts.requestMetrics.read(
    canaryWindow({ firstBegunAt, bakeMs, now: ports.clock.now() }),
  );
  return canaryNumbers(services, requests, { begunAt: begun.at, before: begun.before });
}
