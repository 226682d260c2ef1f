import { permissionDenied, UNAUTHENTICATED } from "../core/identity/denial.ts";
import { accountResource, isWithin } from "../core/identity/resource-name.ts";
import { err, ok } from "../core/values/result.ts";
import type { Authority } from "./authority.ts";

/**
 * An authority by project alone: a person may do all, an identity all in its own project, a step everything there but
 * approve builds, and nobody acts across projects.
 */
export function createProjectAuthority(): Authority {
  return {
    async authorize({ caller, needs }) {
      if (caller === undefined) return err(UNAUTHENTICATED);
      for (const need of needs) {
        const isActAs = need.kind === "act-as";
        const resource = isActAs ? accountResource(need.account, need.project) : need.resource;
        const project = isActAs && caller.kind === "person" ? need.project : projectOf(caller);
        const isForeign = project !== undefined && !isWithin(resource, `projects/${project}`);
        const permission = isActAs ? "iam.serviceAccounts.actAs" : need.permission;
        const isOwnApproval = caller.kind === "step" && permission === "cloudbuild.builds.approve";
        if (isForeign || isOwnApproval) return err(permissionDenied(permission, resource));
      }
      return ok(caller);
    },
    book: async () => ({ environments: [], grants: [] }),
  };
}

function projectOf(caller: { readonly kind: string; readonly project?: string }): string | undefined {
  return caller.kind === "person" ? undefined : caller.project;
}
