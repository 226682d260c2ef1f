import type { GrantBook, Need, Right } from "../core/identity/decide-access.ts";
import type { Denial } from "../core/identity/denial.ts";
import type { Permission } from "../core/identity/roles.ts";
import type { NonEmpty } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";
import type { Caller } from "./identities.ts";

/** A call that is to be judged. */
export interface AccessRequest {
  /** Undefined for nobody that we know. */
  readonly caller: Caller | undefined;
  /** All of them are needed; the first that is missing is the one that is refused. */
  readonly needs: NonEmpty<Need>;
  readonly requestId: string;
}

/**
 * Who may do what, and the record of it. Deny by default. A refused call makes one row of the audit log, an allowed one
 * that changes something a row for each right that it uses; rows are stored before the answer comes back.
 */
export interface Authority {
  authorize(request: AccessRequest): Promise<Result<Caller, Denial>>;
  /** What it judges by, as it is now. */
  book(): Promise<GrantBook>;
}

/** A right on a resource that the request's path names. */
export function right(permission: Permission, resource: string): Right {
  return { kind: "right", permission, resource };
}

/** A right on a resource that the request's query or body names: the record names what it would be made in. */
export function rightOnNew(permission: Permission, resource: string, parent: string): Right {
  return { kind: "right", permission, resource, recorded: parent };
}
