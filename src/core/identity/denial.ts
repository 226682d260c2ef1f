import type { Permission } from "./roles.ts";

/** A refusal in Google's words, for the body of an answer. */
export interface Denial {
  readonly status: "UNAUTHENTICATED" | "PERMISSION_DENIED";
  readonly message: string;
  /** Entries of `error.details`. */
  readonly details: readonly unknown[];
}

/** Nobody that we know. */
export const UNAUTHENTICATED: Denial = {
  status: "UNAUTHENTICATED",
  message: "Request had invalid authentication credentials.",
  details: [],
};

/**
 * Google's sentence for a right that is missing, and its ErrorInfo. It says nothing about whether the resource is there,
 * and does not say who could do it.
 */
export function permissionDenied(permission: Permission, resource: string): Denial {
  const isAccount = permission === "iam.serviceAccounts.actAs";
  const account = resource.slice(resource.lastIndexOf("/") + 1);
  return {
    status: "PERMISSION_DENIED",
    message: isAccount
      ? `Permission 'iam.serviceaccounts.actAs' denied on service account ${account} (or it may not exist).`
      : `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`,
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "IAM_PERMISSION_DENIED",
        domain: "iam.googleapis.com",
        metadata: { permission, resource },
      },
    ],
  };
}
