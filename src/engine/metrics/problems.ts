import type { Problem } from "../../core/values/problem.ts";

/** A name that is no service of the platform, and that no request was counted for. */
export function serviceUnknown(name: string, known: readonly string[]): Problem {
  return {
    code: "service-unknown",
    severity: "error",
    summary: `There is no service "${name}".`,
    why: [`mobius.yaml has ${known.join(", ")}.`],
    fix: "Name one of these with --service.",
  };
}

/** The environment's cloud did not tell what it counted. */
export function metricsUnreadable(environment: string, reason: string): Problem {
  return {
    code: "metrics-unreadable",
    severity: "error",
    summary: `What ${environment} counted of its requests cannot be read.`,
    why: [reason],
    fix: "Ask again; where access is refused, give the environment's deploy identity the role monitoring.viewer in its project.",
  };
}
