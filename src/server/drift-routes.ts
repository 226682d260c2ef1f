import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { driftView } from "../core/views/drift-view.ts";
import { revertView } from "../core/views/revert-view.ts";
import type { revertDriftBody } from "../ports/api/bodies.ts";
import { ROUTES } from "../ports/api/contract.ts";
import { personOf } from "./decision-routes.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** How an environment differs from what was released to it, and its way back. */
export function registerDriftRoutes(routing: Routing): void {
  const { engine } = routing.deps;
  addRoute(routing, ROUTES.drift, async ({ request, reply }) => {
    const found = await engine.drift.look(environmentIn(request));
    return found.ok ? driftView(found.value) : sendProblems(reply, found.error);
  });
  addRoute(routing, ROUTES.driftAdoption, async ({ request, reply }) => {
    const planned = await engine.drift.adoption(environmentIn(request));
    return planned.ok ? { apiVersion: "mobius/v1", ...planned.value } : sendProblems(reply, planned.error);
  });
  addRoute<z.output<typeof revertDriftBody>>(routing, ROUTES.revertDrift, async ({ request, reply, body, caller }) => {
    const reverted = await engine.drift.revert(environmentIn(request), personOf(caller), body.reason);
    return reverted.ok ? revertView(reverted.value) : sendProblems(reply, reverted.error);
  });
}

function environmentIn(request: FastifyRequest): string {
  return (request.params as { environment: string }).environment;
}
