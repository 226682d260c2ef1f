import type { Problem } from "../../core/values/problem.ts";

/** No PostgreSQL for this machine, neither from npm nor on PATH. */
export function postgresNotFound(platform: string, reasons: readonly string[]): Problem {
  return {
    code: "postgres-not-found",
    severity: "error",
    summary: "No PostgreSQL was found to run.",
    why: [`There is no npm package with binaries for ${platform} in this installation.`, ...reasons],
    fix: "Install PostgreSQL 14 or newer so that initdb and postgres are on PATH, or set DATABASE_URL to a server of yours.",
  };
}

/** Root, and none of the two ways in which root can run PostgreSQL works here. */
export function postgresNeedsAccount(reasons: readonly string[]): Problem {
  return {
    code: "postgres-needs-account",
    severity: "error",
    summary: "PostgreSQL refuses to run as root, and nobody else may run it here.",
    why: reasons,
    fix: "Start mobius as an ordinary user, or set DATABASE_URL to a server of yours.",
  };
}

/** `initdb` or `postgres` ended, or gave no answer in time. `lines` are the end of what it wrote. */
export function postgresNotStarted(name: string, reason: string, lines: readonly string[]): Problem {
  return {
    code: "postgres-not-started",
    severity: "error",
    summary: `The PostgreSQL cluster "${name}" did not start.`,
    why: [reason, ...lines],
    fix: "Remove the cause that its last lines name (often a full disk), then start again. Data already written is safe.",
  };
}

/** A live server of this data directory neither answers nor ends. */
export function postgresNotStopped(name: string, pid: number): Problem {
  return {
    code: "postgres-not-stopped",
    severity: "error",
    summary: `The PostgreSQL cluster "${name}" does not answer, and does not end.`,
    why: [
      `Process ${pid} serves its data directory and ignored SIGINT and SIGQUIT.`,
      "A second server on one data directory would destroy it, so none is started.",
    ],
    fix: `End it yourself with kill -9 ${pid}, then start again: PostgreSQL recovers what was committed.`,
  };
}

/** The cluster's server is there, and refuses our superuser. */
export function postgresRefused(name: string, reason: string): Problem {
  return {
    code: "postgres-refused",
    severity: "error",
    summary: `The PostgreSQL cluster "${name}" refuses its own superuser.`,
    why: [reason],
    fix: "Give the superuser the password that is in the cluster's password file back, then start again.",
  };
}
