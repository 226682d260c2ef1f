import { evaluateText, intendedEnv, type Wiring } from "../../../core/plan/intended-service.ts";
import type { PlannedService } from "../../../core/plan/plan.ts";
import type { Check, HttpCheck } from "../../../core/platform/platform.ts";
import type { CheckRecord } from "../../../core/release/state.ts";
import { present } from "../../../core/values/assert.ts";
import { count } from "../../../core/values/count.ts";
import type { Problem } from "../../../core/values/problem.ts";
import { err, ok, type Result } from "../../../core/values/result.ts";
import { instant } from "../../../core/values/time.ts";
import type { EnvValue } from "../../../ports/services.ts";
import type { PhaseContext, PhaseOutcome } from "../phase-context.ts";
import { candidateNotMade, checkFailed, releaseCancelled, servingOther } from "../problems.ts";
import { runCheck } from "../run-check.ts";
import { deployRevision, isServed, touchedServices } from "./candidate.ts";
import { CANDIDATE_TAG } from "./pinned-traffic.ts";

/** The tag under which a rehearsal's revisions answer. */
const REHEARSAL_TAG = "rehearsal";

const HEALTH_TRIES = 5;
const HEALTH_WITHIN_MS = 30_000;

/**
 * Rehearses the set: every candidate once more as a revision without traffic, wired to the others by their rehearsal
 * addresses, and the checks of the whole set run on it. Workers take no part: they would consume the live queue.
 */
export async function rehearse(context: PhaseContext): Promise<PhaseOutcome> {
  const apis = touchedServices(context.release()).filter((service) => service.role === "api");
  if (!context.environment.policies.rehearsal) return ok("the environment asks for none");
  if (apis.length === 0) return ok("nothing to rehearse");
  const addresses = await wiringAddresses(context, REHEARSAL_TAG, apis);
  const deployed = await Promise.all(apis.map((service) => deployRehearsal(context, service, addresses)));
  const refused = deployed.find((result) => !result.ok);
  if (refused?.ok === false) return refused;
  const checked = await runChecks(context, {
    on: "rehearsal",
    services: apis,
    addresses,
    checks: context.platform.checks.filter((check) => check.kind === "http"),
  });
  const cleared = await Promise.all(apis.map((service) => dropRehearsal(context, service)));
  const failed = [checked, ...cleared].find((result) => !result.ok);
  return failed?.ok === false ? failed : ok(`${count(apis.length, "service")} wired to one another passed`);
}

async function deployRehearsal(
  context: PhaseContext,
  planned: PlannedService,
  addresses: Readonly<Record<string, string>>,
): Promise<Result<unknown, Problem>> {
  const service = present(context.platform.services[planned.service], `service ${planned.service}`);
  const rewired = intendedEnv(service, wiringWith(context, addresses)).env;
  const plain = Object.entries(rewired).filter((entry): entry is [string, EnvValue] => entry[1].kind === "plain");
  const candidate = present(context.release().candidates[planned.service], `candidate of ${planned.service}`);
  await context.checkLease();
  return deployRevision(context, planned, {
    revision: `${candidate.revision}-r`,
    env: { ...planned.intended.env, ...Object.fromEntries(plain) },
    traffic: [
      { revision: context.release().pinned[planned.service] ?? candidate.revision, percent: 100 },
      { revision: candidate.revision, percent: 0, tag: CANDIDATE_TAG },
      { revision: `${candidate.revision}-r`, percent: 0, tag: REHEARSAL_TAG },
    ],
  });
}

async function dropRehearsal(context: PhaseContext, planned: PlannedService): Promise<Result<unknown, Problem>> {
  const candidate = present(context.release().candidates[planned.service], `candidate of ${planned.service}`);
  const pinned = context.release().pinned[planned.service] ?? candidate.revision;
  await context.checkLease();
  return context.environmentPorts.services.setTraffic(
    planned.service,
    [
      { revision: pinned, percent: 100 },
      { revision: candidate.revision, percent: 0, tag: CANDIDATE_TAG },
    ],
    HEALTH_WITHIN_MS,
  );
}

/** Checks every candidate on its own address: nothing has moved yet, and nothing moves when one fails. */
export async function verifyCandidates(context: PhaseContext): Promise<PhaseOutcome> {
  const apis = touchedServices(context.release()).filter((service) => service.role === "api");
  const missing = apis.find((service) => context.release().candidates[service.service]?.ready === undefined);
  if (missing !== undefined) return err(candidateNotMade(missing.service, missing.module));
  const addresses = await wiringAddresses(context, CANDIDATE_TAG, apis);
  const checked = await runChecks(context, { on: "candidate", services: apis, addresses, checks: [] });
  return checked.ok ? ok(`${count(checked.value, "check")} passed on ${count(apis.length, "candidate")}`) : checked;
}

/** A timer of the machine takes no longer time. */
const LONGEST_SLEEP_MS = 60_000;

/** Checks the set on its real addresses, that what serves is what was checked, and again when the soak time is over. */
export async function verifyServing(context: PhaseContext): Promise<PhaseOutcome> {
  const services = touchedServices(context.release()).filter(isServed);
  const first = await checkLive(context, services);
  if (!first.ok || context.environment.policies.soakMs === 0) return first;
  await soak(context);
  if (context.signal.aborted) return err(releaseCancelled("It was stopped while it was checked."));
  return checkLive(context, services);
}

async function checkLive(context: PhaseContext, services: readonly PlannedService[]): Promise<PhaseOutcome> {
  const serving = await Promise.all(services.map((service) => checkServing(context, service.service)));
  const other = serving.find((result) => !result.ok);
  if (other?.ok === false) return other;
  const addresses = await wiringAddresses(context, undefined, services);
  const checks = [...context.platform.checks, ...services.flatMap((s) => roundTrips(context, s.service))];
  const checked = await runChecks(context, { on: "live", services, addresses, checks });
  if (!checked.ok) return checked;
  return ok(`${count(checked.value, "check")} passed on ${count(services.length, "service")}`);
}

/** Waits until the soak time is over; a restarted server waits for what is left of it. */
async function soak({ ports, environment, release, record, signal }: PhaseContext): Promise<void> {
  const { clock } = ports;
  const until = release().soakUntil ?? instant(clock.now() + environment.policies.soakMs);
  if (release().soakUntil === undefined) await record({ type: "soak-started", until });
  // The clock may have been set since: within one server the wait is measured, and it is never longer than asked.
  const leftMs = Math.min(until - clock.now(), environment.policies.soakMs);
  const endMs = clock.monotonicMs() + leftMs;
  while (!signal.aborted && clock.monotonicMs() < endMs) {
    await clock.sleep(Math.min(endMs - clock.monotonicMs(), LONGEST_SLEEP_MS), signal);
  }
}

function roundTrips(context: PhaseContext, service: string): readonly Check[] {
  return (context.platform.services[service]?.checks ?? []).filter((check) => check.kind === "round-trip");
}

async function checkServing(context: PhaseContext, service: string): Promise<Result<void, Problem>> {
  const expected = context.release().shifts.find((shift) => shift.service === service)?.revision ?? "none";
  const observed = await context.environmentPorts.services.get(service);
  const live = (observed?.traffic ?? []).filter((entry) => entry.percent > 0).map((entry) => entry.revision);
  if (live.length === 1 && live[0] === expected) return ok(undefined);
  return err(servingOther(service, expected, live.join(", ") || "nothing"));
}

interface CheckSet {
  readonly on: "rehearsal" | "candidate" | "live";
  /** Services whose health and own HTTP checks are run. */
  readonly services: readonly PlannedService[];
  readonly addresses: Readonly<Record<string, string>>;
  /** Checks of the whole set. */
  readonly checks: readonly Check[];
}

async function runChecks(context: PhaseContext, set: CheckSet): Promise<Result<number, Problem>> {
  const own = set.services.flatMap(({ service }) => [
    healthCheck(context, service),
    ...(context.platform.services[service]?.checks ?? []).filter((check) => check.kind === "http"),
  ]);
  const wiring = wiringWith(context, set.addresses);
  const records = await Promise.all(
    [...own, ...set.checks].map((check) =>
      runCheck(check, {
        probe: context.ports.probe,
        clock: context.ports.clock,
        signal: context.signal,
        resolve: (expression) => evaluateText(expression, wiring),
        on: set.on,
      }),
    ),
  );
  await context.record(
    ...records.map((record): { type: "check-ended" } & CheckRecord => ({ type: "check-ended", ...record })),
  );
  if (context.signal.aborted) return err(releaseCancelled("It was stopped while it was checked."));
  const failed = records.find((record) => record.verdict !== "passed");
  return failed === undefined ? ok(records.length) : err(checkFailed(failed));
}

function healthCheck(context: PhaseContext, service: string): HttpCheck {
  const path = context.platform.services[service]?.health.path ?? "/";
  return {
    kind: "http",
    name: `services.${service}.health`,
    url: `\${services.${service}.url}${path}`,
    expect: { status: 200, json: {}, headers: {} },
    tries: HEALTH_TRIES,
    withinMs: HEALTH_WITHIN_MS,
  };
}

/** Every service's address, those of `services` by their tag where one is given. */
async function wiringAddresses(
  context: PhaseContext,
  tag: string | undefined,
  services: readonly PlannedService[],
): Promise<Readonly<Record<string, string>>> {
  const port = context.environmentPorts.services;
  const tagged = new Set(tag === undefined ? [] : services.map((service) => service.service));
  const served = Object.values(context.platform.services).filter((service) => service.role !== "job");
  const entries = served.map(async ({ name }) => {
    const address = tag !== undefined && tagged.has(name) ? port.tagAddress(name, tag) : port.address(name);
    return [name, await address] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** What this release's expressions refer to, with other addresses. Secrets keep the versions that the plan pinned. */
function wiringWith(context: PhaseContext, addresses: Readonly<Record<string, string>>): Wiring {
  const { flags, overrides } = context.release().plan.actions;
  const unset = Object.keys(context.platform.flags).map((name) => [name, false] as const);
  return {
    addresses,
    overrides: Object.fromEntries(overrides.map(({ name, value }) => [name, value])),
    flags: Object.fromEntries([...unset, ...flags.map(({ name, value }) => [name, value] as const)]),
    secretVersions: {},
  };
}
