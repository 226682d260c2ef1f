import { ok } from "../../core/values/result.ts";
import type { Call } from "./calls.ts";
import { objectOf, textOf } from "./read-json.ts";
import { type RegisterRoute, verbPath } from "./routes.ts";
import type { RunCloud } from "./run-cloud.ts";

/** Who may call a service, at the path of services of either form of the API. */
export function registerPolicies(route: RegisterRoute, path: string, { services, policies }: RunCloud): void {
  const placeOf = ({ project, location, params }: Call) => ({ project, location, service: textOf(params.service) });
  route("GET", verbPath(path, "getIamPolicy"), async (call) => {
    const found = await services.get(placeOf(call));
    return found.ok ? ok(await policies.get(placeOf(call))) : found;
  });
  route("POST", verbPath(path, "setIamPolicy"), async (call) => {
    const found = await services.get(placeOf(call));
    return found.ok ? policies.set(placeOf(call), objectOf(call.body.policy)) : found;
  });
  // Whoever reaches a project may do everything in it; gcloud asks before there is a service.
  route("POST", verbPath(path, "testIamPermissions"), ({ body: { permissions } }) =>
    ok({ permissions: Array.isArray(permissions) ? permissions.map(textOf) : [] }),
  );
}
