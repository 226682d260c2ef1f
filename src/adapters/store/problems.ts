import type { Problem } from "../../core/values/problem.ts";

/** The database was written by a newer mobius. */
export function storeNewer(found: number, known: number): Problem {
  return {
    code: "store-newer",
    severity: "error",
    summary: "The state was written by a newer version of mobius.",
    why: [
      `Its schema has version ${found}; this version of mobius knows ${known}.`,
      "Going on could misread what the newer version recorded.",
    ],
    fix: "Start the newer version again, or restore a backup that was made before it ran.",
  };
}

/** The database that keeps the state gave no answer in time. */
export function storeUnreachable(reason: string): Problem {
  return {
    code: "store-unreachable",
    severity: "error",
    summary: "The database that keeps the state cannot be reached.",
    why: [reason],
    fix: "Check that the server is up and that DATABASE_URL, when set, names it with a user and password that it accepts.",
  };
}
