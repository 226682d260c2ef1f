import type { Problem } from "../../core/values/problem.ts";

function error(code: string, summary: string, why: readonly string[], fix: string): Problem {
  return { code, severity: "error", summary, why, fix };
}

/** Nothing was released before what serves now. */
export function rollbackImpossible(environment: string): Problem {
  return error(
    "rollback-impossible",
    `There is nothing to give the traffic of ${environment} back to.`,
    ["It takes an earlier release that ended well."],
    `Look at its releases: mobius status, and release a manifest that is known to work.`,
  );
}

/** A release whose set the environment never had. */
export function rollbackTargetUnknown(release: string, environment: string): Problem {
  return error(
    "rollback-target-unknown",
    `${environment} was never served by what ${release} released.`,
    ["Traffic is given back to a set that served: the release was of another environment, or did not get that far."],
    "Choose one of its releases that succeeded: mobius status",
  );
}

/** A revision that was cleaned away. */
export function revisionGone(service: string, revision: string, release: string): Problem {
  return error(
    "revision-gone",
    `Revision ${revision} of service "${service}" is no longer there.`,
    [`It is what ${release} released; without it the set would come back in part.`],
    `Release that manifest again, or go back to a newer release: mobius status`,
  );
}
