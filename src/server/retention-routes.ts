import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { prunedView } from "../core/views/pruned-view.ts";
import type { pruneBody } from "../ports/api/bodies.ts";
import { ROUTES } from "../ports/api/contract.ts";
import { personOf } from "./decision-routes.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** What the policies of an environment let go. */
export function registerRetentionRoutes(routing: Routing): void {
  const { retention } = routing.deps.engine;
  addRoute<z.output<typeof pruneBody>>(routing, ROUTES.prune, async ({ request, reply, body, caller }) => {
    const asked = { actor: personOf(caller).actor, dryRun: body.dryRun };
    const pruned = await retention.prune(environmentIn(request), asked);
    return pruned.ok ? prunedView(pruned.value, body) : sendProblems(reply, pruned.error);
  });
}

function environmentIn(request: FastifyRequest): string {
  return (request.params as { environment: string }).environment;
}
