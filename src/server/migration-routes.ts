import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { baselineView } from "../core/views/baseline-view.ts";
import { migrationsView } from "../core/views/migrations-view.ts";
import type { BaselineRequest } from "../engine/releases/baseline-desk.ts";
import { ROUTES } from "../ports/api/contract.ts";
import type { baselineBody, settleBody } from "../ports/api/migration-contract.ts";
import { personOf } from "./decision-routes.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** What people ask of an environment's migration ledgers, and say of them. */
export function registerMigrationRoutes(routing: Routing): void {
  const { migrations, baselines } = routing.deps.engine;
  addRoute(routing, ROUTES.migrations, async ({ request, reply }) => {
    const report = await migrations.list(environmentIn(request));
    return report.ok ? migrationsView(report.value) : sendProblems(reply, report.error);
  });
  addRoute<z.output<typeof settleBody>>(routing, ROUTES.settleMigration, async ({ request, reply, body, caller }) => {
    const { database, module, ...said } = body;
    const where = { ...(database === undefined ? {} : { database }), ...(module === undefined ? {} : { module }) };
    const report = await migrations.settle(environmentIn(request), personOf(caller), { ...said, ...where });
    return report.ok ? migrationsView(report.value) : sendProblems(reply, report.error);
  });
  addRoute<z.output<typeof baselineBody>>(
    routing,
    ROUTES.baselineMigrations,
    async ({ request, reply, body, caller }) => {
      const report = await baselines.adopt(environmentIn(request), personOf(caller), requestOf(body));
      return report.ok ? baselineView(report.value) : sendProblems(reply, report.error);
    },
  );
}

/** The body's schema has seen that exactly one of the three is there. */
function requestOf({
  name,
  from,
  through,
  only = [],
  commit,
  ...rest
}: z.output<typeof baselineBody>): BaselineRequest {
  const said: BaselineRequest["said"] =
    from !== undefined
      ? { kind: "from", table: from }
      : through !== undefined
        ? { kind: "through", identifier: through }
        : { kind: "only", identifiers: only };
  return { name, said, ...(commit === undefined ? {} : { commit }), ...rest };
}

function environmentIn(request: FastifyRequest): string {
  return (request.params as { environment: string }).environment;
}
