import type { Problem } from "../core/values/problem.ts";

function error(code: string, summary: string, why: string, fix: string): Problem {
  return { code, severity: "error", summary, why: [why], fix };
}

/** Another server has the state directory. */
export function installationInUse(stateDirectory: string): Problem {
  return error(
    "installation-in-use",
    `Another server works with ${stateDirectory}.`,
    "One installation has one active server: two would drive the same releases.",
    "Use that one, stop it, or name another state directory with MOBIUS_STATE_DIR.",
  );
}

/** The port belongs to something else. */
export function portTaken(port: number, holder: string | undefined): Problem {
  return error(
    "port-taken",
    `Port ${port} is taken.`,
    holder === undefined ? "Another program listens there." : `It is held by ${holder}.`,
    `Stop it, or take another port: --port ${port + 1}`,
  );
}

/** A step could not check its source out. */
export function checkoutFailed(url: string, commit: string, reason: string): Problem {
  return error(
    "checkout-failed",
    `Commit ${commit.slice(0, 12)} of ${url} cannot be checked out.`,
    reason,
    "Make sure that the remote answers and has the commit, then release again.",
  );
}
