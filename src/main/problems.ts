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

/** The machine has not what was asked to run the steps of builds. */
export function executorMissing(kind: string, dockerSocket: string): Problem {
  return error(
    "executor-missing",
    `Steps of builds cannot run on ${kind} here.`,
    kind === "docker"
      ? `No Docker Engine answers at ${dockerSocket}.`
      : "bubblewrap is missing, or the kernel allows no namespaces or overlays.",
    kind === "docker"
      ? "Start Docker, name its socket with DOCKER_HOST=unix://…, or leave --executor out."
      : "Install bubblewrap, or leave --executor out.",
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

/** A module's own script did not come to its end. */
export function scriptFailed(module: string, what: string): Problem {
  return error(
    "script-failed",
    `The script of ${module} failed.`,
    `${what[0]?.toUpperCase()}${what.slice(1)}.`,
    "Read what it printed above; mobius doctor scripts runs it with nothing outside reached.",
  );
}
