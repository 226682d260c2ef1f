import type { Problem } from "../../core/values/problem.ts";

/** The sample's folder holds something that is no sample. */
export function sampleFolderOccupied(directory: string, entry: string): Problem {
  return {
    code: "sample-folder-occupied",
    severity: "error",
    summary: `The sample platform cannot be made in ${directory}.`,
    why: [`The folder is not empty (it holds "${entry}"), and what it holds is no sample made earlier.`],
    fix: "Name another folder with --dir, or empty this one.",
  };
}
