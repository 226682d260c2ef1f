/** Judges calls by the grants, and records what is refused and what changes something. */
import type { AuditActor, AuditEntry } from "../../core/audit/audit-row.ts";
import { decideAccess, type GrantBook, type Principal, type Right } from "../../core/identity/decide-access.ts";
import { permissionDenied, UNAUTHENTICATED } from "../../core/identity/denial.ts";
import { projectOf, recordedAccount, recordedName } from "../../core/identity/resource-name.ts";
import { isWrite } from "../../core/identity/roles.ts";
import { err, ok } from "../../core/values/result.ts";
import type { AccessRequest, Authority } from "../../ports/authority.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Caller } from "../../ports/identities.ts";
import type { AuditLog } from "./audit-log.ts";

/** An authority over the grants given. */
export function createAuthority(options: {
  readonly book: () => Promise<GrantBook>;
  readonly audit: Pick<AuditLog, "record" | "recordRefusal">;
  readonly clock: Clock;
}): Authority {
  const { audit, clock } = options;
  return {
    book: options.book,
    async authorize({ caller, needs, requestId }) {
      const base = { at: clock.now(), who: auditActor(caller), requestId };
      const book = await options.book();
      if (caller === undefined) {
        const [first] = needs;
        const what = first.kind === "right" ? first.permission : "iam.serviceAccounts.actAs";
        const resource = first.kind === "right" ? recordedOf(first, book) : `projects/${recordedName(first.project)}`;
        const row = { ...base, what, resource, outcome: "unauthenticated", reason: "No valid token." } as const;
        await audit.recordRefusal(row);
        return err(UNAUTHENTICATED);
      }
      const allowed: AuditEntry[] = [];
      for (const need of needs) {
        const decision = decideAccess(principalOf(caller), need, book);
        if (!decision.allowed) {
          const { permission, resource, reason } = decision;
          const recorded = need.kind === "right" ? recordedOf(need, book) : recordedAccount(resource);
          await audit.recordRefusal({ ...base, what: permission, resource: recorded, outcome: "denied", reason });
          const named = need.kind === "right" ? (need.refusedOn ?? resource) : resource;
          return err(permissionDenied(permission, named));
        }
        if (need.kind === "right" && isWrite(need.permission)) {
          const { permission: what } = need;
          allowed.push({
            ...base,
            what,
            resource: recordedOf(need, book),
            outcome: "allowed",
            reason: decision.reason,
          });
        }
      }
      if (allowed.length > 0) await audit.record(allowed);
      return ok(caller);
    },
  };
}

/** Who a caller is in a record. */
export function auditActor(caller: Caller | undefined): AuditActor {
  if (caller === undefined) return { kind: "unknown", id: "" };
  if (caller.kind === "person") return { kind: "person", id: caller.name };
  if (caller.kind === "identity") return { kind: "identity", id: caller.email };
  return { kind: "step", id: `${caller.email} in build ${caller.build}` };
}

/** A step has the rights of the account that its build runs as; a script's token those of a part of its services. */
export function principalOf(caller: NonNullable<AccessRequest["caller"]>): Principal {
  if (caller.kind === "person") return { kind: "person" };
  const { email } = caller;
  const isLimited = caller.kind === "identity" && caller.services !== undefined;
  return { kind: "account", email, ...(isLimited ? { services: caller.services } : {}) };
}

/** A name that came in a query or a body is left out, but for a project that is one of ours. */
function recordedOf({ resource, recorded }: Right, { environments }: GrantBook): string {
  if (recorded === undefined) return recordedName(resource);
  const project = projectOf(resource);
  const isOurs = environments.some((environment) => environment.project === project);
  return recordedName(isOurs && projectOf(recorded) === "" ? `projects/${project}` : recorded);
}
