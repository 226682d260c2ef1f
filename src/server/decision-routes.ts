import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { environmentNamed } from "../core/manifest/environments.ts";
import type { Release } from "../core/release/state.ts";
import { actorId, type ReleaseId } from "../core/values/ids.ts";
import type { NonEmpty, Problem } from "../core/values/problem.ts";
import { err, ok, type Result } from "../core/values/result.ts";
import { fromIso } from "../core/values/time.ts";
import { releaseView } from "../core/views/project-release.ts";
import type { Person } from "../engine/releases/decision-desk.ts";
import { environmentUnknown, releaseUnknown } from "../engine/releases/problems.ts";
import type { Requested } from "../engine/releases/release-request.ts";
import type {
  approveBody,
  cancelBody,
  freezeBody,
  holdBody,
  ignoreDriftBody,
  liftBody,
  promotionBody,
  promotionPlanBody,
  rollbackBody,
  rollbackPlanBody,
} from "../ports/api/bodies.ts";
import { ROUTES } from "../ports/api/contract.ts";
import type { Caller } from "../ports/identities.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** What people decide: about a release that waits, and about an environment. */
export function registerDecisionRoutes(routing: Routing): void {
  registerReleaseDecisions(routing);
  registerEnvironmentDecisions(routing);
  registerRollback(routing);
  registerPromotion(routing);
}

function registerReleaseDecisions(routing: Routing): void {
  const { engine } = routing.deps;
  const decided = async (
    call: { request: FastifyRequest; reply: FastifyReply; caller: Caller | undefined },
    decide: (id: ReleaseId, person: Person) => Promise<Result<Release, Problem>>,
  ) => {
    const { release: name } = call.request.params as { release: string };
    const release = engine.get(name);
    const result = release === undefined ? err(releaseUnknown(name)) : await decide(release.id, personOf(call.caller));
    return result.ok ? releaseView(result.value) : sendProblems(call.reply, [result.error]);
  };
  addRoute<z.output<typeof approveBody>>(routing, ROUTES.approve, (call) =>
    decided(call, (id, person) => {
      const { plan, comment } = call.body;
      return engine.desk.approve(id, person, { comment, ...(plan === undefined ? {} : { plan }) });
    }),
  );
  addRoute<z.output<typeof cancelBody>>(routing, ROUTES.reject, (call) =>
    decided(call, (id, person) => engine.desk.reject(id, person, call.body.reason)),
  );
  addRoute<z.output<typeof cancelBody>>(routing, ROUTES.except, (call) =>
    decided(call, (id, person) => engine.desk.except(id, person, call.body.reason)),
  );
}

function registerEnvironmentDecisions(routing: Routing): void {
  const { desk } = routing.deps.engine;
  const decided = async (
    call: { request: FastifyRequest; reply: FastifyReply; caller: Caller | undefined },
    decide: (environment: string, person: Person) => Promise<Result<unknown, Problem>>,
  ) => {
    const environment = await environmentOf(routing, call.request);
    const result = environment.ok ? await decide(environment.value, personOf(call.caller)) : environment;
    if (!result.ok || !environment.ok) return result.ok ? undefined : sendProblems(call.reply, [result.error]);
    return { environment: environment.value, decisions: result.value };
  };
  addRoute<z.output<typeof holdBody>>(routing, ROUTES.hold, (call) =>
    decided(call, async (environment, person) => {
      const { reason, until } = call.body;
      return ok(
        await desk.hold(environment, person, { reason, ...(until === undefined ? {} : { until: fromIso(until) }) }),
      );
    }),
  );
  addRoute<z.output<typeof cancelBody>>(routing, ROUTES.resume, (call) =>
    decided(call, (environment, person) => desk.resume(environment, person, call.body.reason)),
  );
  addRoute<z.output<typeof freezeBody>>(routing, ROUTES.freeze, (call) =>
    decided(call, (environment, person) => {
      const { name, reason, until } = call.body;
      return desk.freeze(environment, person, { name, reason, until: fromIso(until) });
    }),
  );
  addRoute<z.output<typeof ignoreDriftBody>>(routing, ROUTES.ignoreDrift, (call) =>
    decided(call, (environment, person) => {
      const { drift, reason, until } = call.body;
      return desk.ignoreDrift(environment, person, { drift, reason, until: fromIso(until) });
    }),
  );
  addRoute<z.output<typeof liftBody>>(routing, ROUTES.liftFreeze, (call) =>
    decided(call, (environment, person) => desk.liftFreeze(environment, person, call.body.name, call.body.reason)),
  );
}

function registerRollback(routing: Routing): void {
  const { engine } = routing.deps;
  const named = (request: FastifyRequest, to: string | undefined) => ({
    environment: (request.params as { environment: string }).environment,
    ...(to === undefined ? {} : { to: to as ReleaseId }),
  });
  addRoute<z.output<typeof rollbackPlanBody>>(routing, ROUTES.rollbackPlan, async ({ request, reply, body }) => {
    const planned = await engine.planRollback(named(request, body.to));
    return planned.ok ? { plan: planned.value.plan, warnings: [] } : sendProblems(reply, planned.error);
  });
  addRoute<z.output<typeof rollbackBody>>(routing, ROUTES.rollback, async ({ request, reply, body, caller }) => {
    const { to, plan, requestId } = body;
    const { name, actor } = personOf(caller);
    const asked = { ...(plan === undefined ? {} : { plan }), requestId, trigger: `manual:${name}`, actor };
    return sendRequested(reply, await engine.rollback({ ...named(request, to), ...asked }));
  });
}

function registerPromotion(routing: Routing): void {
  const { engine } = routing.deps;
  const wanted = (request: FastifyRequest, { release, overrides }: z.output<typeof promotionPlanBody>) => ({
    to: (request.params as { environment: string }).environment,
    overrides,
    ...(release === undefined ? {} : { release }),
  });
  addRoute<z.output<typeof promotionPlanBody>>(
    routing,
    ROUTES.promotionPlan,
    async ({ request, reply, body, caller }) => {
      const planned = await engine.planPromotion(wanted(request, body));
      if (!planned.ok) return sendProblems(reply, planned.error);
      const { source, derived, plan } = planned.value;
      const { file, text, changes } = derived;
      const outlook = await engine.outlook({ ...planned.value, actor: personOf(caller).actor });
      return { source: source.id, manifest: { file, text, changes }, plan, outlook };
    },
  );
  addRoute<z.output<typeof promotionBody>>(routing, ROUTES.promotion, async ({ request, reply, body, caller }) => {
    const { plan, requestId } = body;
    const { name, actor } = personOf(caller);
    const asked = { ...(plan === undefined ? {} : { plan }), requestId, trigger: `manual:${name}`, actor };
    return sendRequested(reply, await engine.promote({ ...wanted(request, body), ...asked }));
  });
}

/** Answers with the release that was asked for, or with the plan that says that there is nothing to do. */
export function sendRequested(reply: FastifyReply, requested: Result<Requested, NonEmpty<Problem>>): unknown {
  if (!requested.ok) return sendProblems(reply, requested.error);
  const { value } = requested;
  if (value.kind === "nothing-to-do") return { nothingToDo: true, plan: value.plan };
  return reply.code(201).send({ release: releaseView(value.release) });
}

/** The environment's own name, by that or an alias. */
async function environmentOf({ deps }: Routing, request: FastifyRequest): Promise<Result<string, Problem>> {
  const { environment: name } = request.params as { environment: string };
  const platform = await deps.engine.platform();
  if (!platform.ok) return err(platform.problems[0]);
  const environment = environmentNamed(platform.value, name);
  if (environment !== undefined) return ok(environment.name);
  return err(environmentUnknown(name, Object.keys(platform.value.environments)));
}

/** Who decides. Only people reach these routes. */
export function personOf(caller: Caller | undefined): Person {
  const name = caller?.kind === "person" ? caller.name : "unknown";
  return { name, actor: actorId("person", name) };
}
