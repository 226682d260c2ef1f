import type { Problem } from "../../core/values/problem.ts";

/** The key or the token can be read by others than its owner. `mode` is the permission bits. */
export function stateFileExposed(path: string, mode: number): Problem {
  return {
    code: "state-file-exposed",
    severity: "error",
    summary: `Others than its owner may use "${path}".`,
    why: [
      `Its permissions are ${mode.toString(8).padStart(3, "0")}. Whoever reads it can act as you, or open stored secrets.`,
    ],
    fix: `Close it: chmod 600 ${path}. If somebody else may have read it, delete its "token" file, so that a new one is made.`,
  };
}

/** The key or the token is not what this program wrote. */
export function stateFileDamaged(path: string): Problem {
  return {
    code: "state-file-damaged",
    severity: "error",
    summary: `"${path}" does not hold what it should.`,
    why: [
      "It was cut off or written over. A new key could not open the secrets that the old one sealed, so none is made.",
    ],
    fix: `Put the file back from a backup. A damaged "token" file may also be deleted: a new one is made at the next start.`,
  };
}
