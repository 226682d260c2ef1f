/** Exit codes of the command line; documented and stable. */
export const EXIT = {
  success: 0,
  failed: 1,
  usage: 2,
  invalid: 3,
  denied: 4,
  conflict: 5,
  waiting: 6,
  differences: 7,
  detached: 8,
  unreachable: 9,
  rolledBack: 10,
  bug: 70,
} as const;

/** Codes whose problem is not simply invalid input: HTTP status and exit code. */
const OTHERWISE: Readonly<Record<string, { readonly status: number; readonly exit: number }>> = {
  "not-authenticated": { status: 401, exit: EXIT.denied },
  "not-allowed": { status: 403, exit: EXIT.denied },
  "host-refused": { status: 421, exit: EXIT.denied },
  "route-unknown": { status: 404, exit: EXIT.invalid },
  "resource-unknown": { status: 404, exit: EXIT.invalid },
  "body-too-large": { status: 413, exit: EXIT.invalid },
  "request-invalid": { status: 400, exit: EXIT.invalid },
  "release-unknown": { status: 404, exit: EXIT.invalid },
  "subject-unknown": { status: 404, exit: EXIT.invalid },
  "changelog-side-unknown": { status: 404, exit: EXIT.invalid },
  "environment-unknown": { status: 404, exit: EXIT.invalid },
  "approval-by-proposer": { status: 403, exit: EXIT.denied },
  "approval-not-allowed": { status: 403, exit: EXIT.denied },
  "release-not-waiting": { status: 409, exit: EXIT.conflict },
  "approval-not-needed": { status: 409, exit: EXIT.conflict },
  "hold-not-set": { status: 409, exit: EXIT.conflict },
  "promotion-unproven": { status: 409, exit: EXIT.conflict },
  "release-ended": { status: 409, exit: EXIT.conflict },
  "plan-moved": { status: 409, exit: EXIT.conflict },
  "plan-stale": { status: 409, exit: EXIT.conflict },
  "migration-unknown": { status: 404, exit: EXIT.invalid },
  "migration-not-dirty": { status: 409, exit: EXIT.conflict },
  "migration-blocked": { status: 409, exit: EXIT.conflict },
  "drift-not-reverted": { status: 502, exit: EXIT.failed },
  "environment-busy": { status: 409, exit: EXIT.conflict },
  "service-unknown": { status: 404, exit: EXIT.invalid },
  "metrics-unreadable": { status: 503, exit: EXIT.unreachable },
  "repository-unreachable": { status: 503, exit: EXIT.unreachable },
  "server-starting": { status: 503, exit: EXIT.unreachable },
  "server-unreachable": { status: 503, exit: EXIT.unreachable },
  "installation-in-use": { status: 409, exit: EXIT.unreachable },
  "port-taken": { status: 409, exit: EXIT.unreachable },
  "message-unknown": { status: 404, exit: EXIT.invalid },
  "subscription-unknown": { status: 404, exit: EXIT.invalid },
  "notification-not-delivered": { status: 502, exit: EXIT.failed },
  "permission-unknown": { status: 404, exit: EXIT.usage },
  "role-unknown": { status: 404, exit: EXIT.usage },
  "audit-broken": { status: 409, exit: EXIT.failed },
  "build-without-release": { status: 409, exit: EXIT.failed },
};

/** HTTP status of an answer that consists of this problem. */
export function httpStatus(code: string): number {
  return OTHERWISE[code]?.status ?? 422;
}

/** Exit code of a command that ends with this problem. */
export function exitCode(code: string): number {
  return OTHERWISE[code]?.exit ?? EXIT.invalid;
}
