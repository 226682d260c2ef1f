import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { decideAccess } from "../core/identity/decide-access.ts";
import { IDENTITY_NAMES, type IdentityName } from "../core/identity/grants.ts";
import { isWithin } from "../core/identity/resource-name.ts";
import { isPermission, isRole } from "../core/identity/roles.ts";
import { identitiesView } from "../core/views/identities-view.ts";
import type { grantBody } from "../ports/api/bodies.ts";
import { ROUTES } from "../ports/api/contract.ts";
import { permissionUnknown, resourceOutside, resourceUnknown, roleUnknown } from "./problems.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** Rows of one answer where the caller names no number, and at most. */
const ROWS = { usual: 100, most: 1_000 } as const;

/** Who may do what, and the record of it. */
export function registerAccessRoutes(routing: Routing): void {
  registerIdentities(routing);
  registerGrants(routing);
  registerAudit(routing);
}

function registerIdentities(routing: Routing): void {
  const { grants } = routing.deps;
  addRoute(routing, ROUTES.identities, async ({ request, reply }) => {
    const { environment } = asked(request);
    const view = identitiesView(await grants.book(), environment);
    return view ?? sendProblems(reply, [resourceUnknown("environment", environment)]);
  });
  addRoute(routing, ROUTES.identityDecision, async ({ request, reply }) => {
    const { environment, identity } = asked(request);
    const book = await grants.book();
    const known = book.environments.find(({ name }) => name === environment);
    if (known === undefined) return sendProblems(reply, [resourceUnknown("environment", environment)]);
    if (identity === undefined) return sendProblems(reply, [unknownIdentity(request)]);
    const { permission = "", resource = `projects/${known.project}` } = textsOf(request.query);
    if (!isPermission(permission)) return sendProblems(reply, [permissionUnknown(permission)]);
    const email = known.identities[identity];
    const { allowed, reason } = decideAccess({ kind: "account", email }, { kind: "right", permission, resource }, book);
    return { email, permission, resource, allowed, reason };
  });
}

function registerGrants(routing: Routing): void {
  const { grants } = routing.deps;
  addRoute<z.output<typeof grantBody>>(routing, ROUTES.identityGrant, async ({ request, reply, body, caller }) => {
    const { environment, identity } = asked(request);
    const known = (await grants.book()).environments.find(({ name }) => name === environment);
    if (known === undefined) return sendProblems(reply, [resourceUnknown("environment", environment)]);
    if (identity === undefined) return sendProblems(reply, [unknownIdentity(request)]);
    const { change, role, resource = `projects/${known.project}` } = body;
    if (!isRole(role)) return sendProblems(reply, [roleUnknown(role)]);
    if (!isWithin(resource, `projects/${known.project}`)) {
      return sendProblems(reply, [resourceOutside(resource, environment, known.project)]);
    }
    const by = caller?.kind === "person" ? caller.name : "unknown";
    await grants.change(environment, (now) => {
      const others = now.filter(
        (each) => each.identity !== identity || each.role !== role || each.resource !== resource,
      );
      return change === "grant" ? [...others, { identity, role, resource, by }] : others;
    });
    return identitiesView(await grants.book(), environment);
  });
}

function registerAudit(routing: Routing): void {
  const { audit } = routing.deps;
  addRoute(routing, ROUTES.audit, async ({ request }) => {
    const { limit = "", since = "" } = textsOf(request.query);
    const count = Math.min(Math.max(1, Number(limit) || ROWS.usual), ROWS.most);
    return audit.latest(count, Date.parse(since) || 0);
  });
  addRoute(routing, ROUTES.auditRows, async ({ reply }) => {
    await audit.settle();
    const lines = async function* () {
      for await (const row of audit.rows()) yield `${JSON.stringify(row)}\n`;
    };
    return reply.type("application/x-ndjson").send(Readable.from(lines()));
  });
  addRoute(routing, ROUTES.auditVerification, async () => {
    await audit.settle();
    return audit.verify();
  });
}

/** What the path names; no identity where the name is none. */
function asked(request: FastifyRequest): { readonly environment: string; readonly identity: IdentityName | undefined } {
  const { environment = "", identity } = textsOf(request.params);
  return { environment, identity: IDENTITY_NAMES.find((name) => name === identity) };
}

function unknownIdentity(request: FastifyRequest) {
  return resourceUnknown("identity", textsOf(request.params).identity ?? "");
}

function textsOf(values: unknown): Readonly<Record<string, string | undefined>> {
  const texts = Object.entries((values ?? {}) as object).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(texts);
}
