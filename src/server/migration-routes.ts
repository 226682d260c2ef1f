import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { migrationsView } from "../core/views/migrations-view.ts";
import { ROUTES } from "../ports/api/contract.ts";
import type { settleBody } from "../ports/api/migration-contract.ts";
import { personOf } from "./decision-routes.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** What people ask of an environment's migration ledgers, and say of them. */
export function registerMigrationRoutes(routing: Routing): void {
  const { migrations } = routing.deps.engine;
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
}

function environmentIn(request: FastifyRequest): string {
  return (request.params as { environment: string }).environment;
}
