import type { z } from "zod";
import { toIso } from "../core/values/time.ts";
import type { personBody } from "../ports/api/bodies.ts";
import { ROUTES } from "../ports/api/contract.ts";
import type { Caller } from "../ports/identities.ts";
import type { KnownPerson } from "../ports/people.ts";
import { personOf } from "./decision-routes.ts";
import { notAllowed, resourceUnknown } from "./problems.ts";
import { addRoute, type Routing, sendProblems } from "./routing.ts";

/** People, their roles and tokens. Everybody may look; an admin changes. */
export function registerPeopleRoutes(routing: Routing): void {
  const { people } = routing.deps;
  const isAdmin = async (caller: Caller | undefined) => (await people.rolesOf(personOf(caller).name)).includes("admin");
  addRoute(routing, ROUTES.people, async () => (await people.list()).map(view));
  addRoute<z.output<typeof personBody>>(routing, ROUTES.admitPerson, async ({ body, caller, reply }) => {
    if (!(await isAdmin(caller))) return sendProblems(reply, [notAllowed(personOf(caller).name, "admin")]);
    const admitted = await people.admit(body);
    return reply.code(201).send({ ...view(admitted), token: admitted.token });
  });
  addRoute(routing, ROUTES.dismissPerson, async ({ request, caller, reply }) => {
    if (!(await isAdmin(caller))) return sendProblems(reply, [notAllowed(personOf(caller).name, "admin")]);
    const { person: name } = request.params as { person: string };
    return (await people.dismiss(name)) ? { name } : sendProblems(reply, [resourceUnknown("person", name)]);
  });
}

function view({ name, roles, tokenEnd, expiresAt }: KnownPerson) {
  return { name, roles, tokenEnd, expiresAt: toIso(expiresAt) };
}
