import type { Problem } from "../../core/values/problem.ts";

function error(code: string, rest: Pick<Problem, "summary" | "why" | "fix">): Problem {
  return { code, severity: "error", ...rest };
}

/** A new revision did not become ready; the traffic is what it was. */
export function candidateNotReady(revision: string, why: readonly string[]): Problem {
  return error("candidate-not-ready", {
    summary: `Revision "${revision}" did not become ready; traffic is unchanged.`,
    why,
    fix: "Correct what the last lines of its log name, or its start-up time, and release again.",
  });
}

/** Somebody else changed the service between reading and writing it. */
export function targetChanged(service: string, reason: string): Problem {
  return error("target-changed", {
    summary: `Service "${service}" was changed by somebody else.`,
    why: [reason],
    fix: "See what changed with mobius plan, then release again.",
  });
}

/** The identity may not do this. */
export function runDenied(service: string, reason: string): Problem {
  return error("run-denied", {
    summary: `Cloud Run refuses access to "${service}".`,
    why: [reason],
    fix: "Give the environment's deploy identity the role run.developer in its project, and iam.serviceAccountUser on the service's account.",
  });
}

/** Cloud Run's rules refuse what was asked. */
export function runRejected(service: string, reason: string): Problem {
  return error("run-rejected", {
    summary: `Cloud Run rejects the settings of "${service}".`,
    why: [reason],
    fix: "Correct the setting that the reason names in mobius.yaml.",
  });
}

/** The traffic is not what was asked. */
export function trafficNotSet(service: string, why: readonly string[]): Problem {
  return error("traffic-not-set", {
    summary: `Traffic of service "${service}" was not set.`,
    why,
    fix: "See why the named revisions do not serve, then release again.",
  });
}
