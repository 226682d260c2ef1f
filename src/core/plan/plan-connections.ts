/**
 * Whether the databases take the connections that a release may lead to, at its worst moment: every service with all its
 * instances, and those that change twice, since the revision before runs beside the new one while traffic moves. Pure.
 */
import { parseExpression } from "../platform/expression.ts";
import type { Service } from "../platform/platform.ts";
import type { Problem } from "../values/problem.ts";
import type { PlannedConnections, PlannedMigration, PlannedService } from "./plan.ts";
import type { PlanInput } from "./plan-input.ts";
import { connectionsExceeded, connectionsNear } from "./problems.ts";

/** What one service may open unless its `pool` says more: none of them works without a connection. */
const LEAST_POOL = 1;

/** The session that migrates, and the one that a migration's program opens. */
const MIGRATION_CONNECTIONS = 2;

/** For people and for what PostgreSQL keeps to its superusers, who have to get in when all others are taken. */
const RESERVED_CONNECTIONS = 3;

/** From this share of the limit on, the next instance more is one too many: a warning. */
const NEAR_PERCENT = 80;

/** What may be open at once, for each limit that is known: a database's declared one, and the server's own. */
export function planConnections(
  input: Pick<PlanInput, "platform" | "environment" | "services" | "connectionLimit">,
  services: readonly PlannedService[],
  migrations: readonly PlannedMigration[],
): { readonly planned: readonly PlannedConnections[]; readonly errors: Problem[]; readonly warnings: Problem[] } {
  const isChanging = services.some(({ change }) => change !== "unchanged");
  if (!isChanging) return { planned: [], errors: [], warnings: [] };
  const needs = Object.values(input.platform.services).flatMap((service) => needsOf(input, service, services));
  for (const { database, state } of migrations) {
    if (state === "to-apply" && !needs.some((each) => each.database === database && each.of === "migrations")) {
      needs.push({ database, of: "migrations", connections: MIGRATION_CONNECTIONS, text: `${MIGRATION_CONNECTIONS}` });
    }
  }
  const { environment, connectionLimit } = input;
  const planned: PlannedConnections[] = [];
  const ask = (database: string | undefined, limit: number | undefined): void => {
    const own = needs.filter((each) => database === undefined || each.database === database);
    if (limit === undefined || own.length === 0) return;
    const needed = own.reduce((sum, { connections }) => sum + connections, RESERVED_CONNECTIONS);
    const parts = [...own.map(({ of, text }) => `${of} ${text}`), `reserve ${RESERVED_CONNECTIONS}`];
    planned.push({ ...(database === undefined ? {} : { database }), needed, limit, parts });
  };
  for (const { name, maxConnections } of Object.values(environment.databases)) ask(name, maxConnections);
  ask(undefined, connectionLimit);
  const isOver = ({ needed, limit }: PlannedConnections) => needed > limit;
  const isNear = ({ needed, limit }: PlannedConnections) => needed * 100 > limit * NEAR_PERCENT;
  return {
    planned,
    errors: planned.filter(isOver).map((each) => connectionsExceeded(environment.name, each)),
    warnings: planned
      .filter((each) => isNear(each) && !isOver(each))
      .map((each) => connectionsNear(environment.name, each)),
  };
}

interface Need {
  readonly database: string;
  readonly of: string;
  readonly connections: number;
  readonly text: string;
}

/** One need for each database that the service has the URL of; a service that is neither live nor released has none. */
function needsOf(
  input: Pick<PlanInput, "services">,
  service: Service,
  services: readonly PlannedService[],
): readonly Need[] {
  const planned = services.find((each) => each.service === service.name);
  const live = input.services[service.name]?.serving?.template.maxInstances;
  const pool = service.pool ?? LEAST_POOL;
  const isReplaced = planned !== undefined && planned.change !== "unchanged";
  const before = isReplaced || planned === undefined ? live : undefined;
  const after = planned === undefined ? undefined : service.role === "job" ? 1 : service.run.maxInstances;
  const instances = [after, before].filter((each) => each !== undefined);
  if (instances.length === 0) return [];
  const text = [
    ...(after === undefined ? [] : [`${after} × ${pool}`]),
    ...(before === undefined ? [] : [`${before} × ${pool}${after === undefined ? "" : " of the revision before"}`]),
  ].join(" + ");
  const connections = instances.reduce((sum, each) => sum + each * pool, 0);
  return databasesOf(service).map((database) => ({ database, of: service.name, connections, text }));
}

function databasesOf(service: Service): readonly string[] {
  const named = Object.values(service.env).flatMap((expression) => {
    const parsed = parseExpression(expression);
    return parsed.ok ? parsed.value.flatMap((part) => (part.kind === "database-url" ? [part.database] : [])) : [];
  });
  return [...new Set(named)];
}
