import { decideAccess } from "../../core/identity/decide-access.ts";
import { isPermission } from "../../core/identity/roles.ts";
import { ok } from "../../core/values/result.ts";
import { type Authority, right } from "../../ports/authority.ts";
import type { Call } from "./calls.ts";
import { objectOf, textOf } from "./read-json.ts";
import { type RegisterRoute, verbPath } from "./routes.ts";
import type { RunCloud } from "./run-cloud.ts";

/** Who may call a service, at the path of services of either form of the API. */
export function registerPolicies(
  route: RegisterRoute,
  path: string,
  { run, authority }: { readonly run: RunCloud; readonly authority: Authority },
): void {
  const { services, policies } = run;
  const placeOf = ({ project, location, params }: Call) => ({ project, location, service: textOf(params.service) });
  route("GET", verbPath(path, "getIamPolicy"), "run.services.getIamPolicy", async (call) => {
    const found = await services.get(placeOf(call));
    return found.ok ? ok(await policies.get(placeOf(call))) : found;
  });
  route("POST", verbPath(path, "setIamPolicy"), "run.services.setIamPolicy", async (call) => {
    const found = await services.get(placeOf(call));
    return found.ok ? policies.set(placeOf(call), objectOf(call.body.policy)) : found;
  });
  // gcloud asks before there is a service, and takes what it may not do out of what it tries.
  route("POST", verbPath(path, "testIamPermissions"), "run.services.get", async ({ body, principal, resource }) => {
    const book = await authority.book();
    const asked = Array.isArray(body.permissions) ? body.permissions.map(textOf) : [];
    const held = asked.filter(
      (name) => isPermission(name) && decideAccess(principal, right(name, resource), book).allowed,
    );
    return ok({ permissions: held });
  });
}
