import type { StepEnd } from "../../ports/step-executor.ts";
import { readExitRecord } from "./exit-records.ts";
import { buildFolders, processId } from "./step-folders.ts";
import { keptOutput } from "./step-output.ts";

/** What a step left, without what it did not. */
export function stepEnd(
  outcome: StepEnd["outcome"],
  { output, digest }: { readonly output?: string | undefined; readonly digest?: string | undefined } = {},
): StepEnd {
  return {
    outcome,
    ...(output === undefined ? {} : { output }),
    ...(digest === undefined ? {} : { imageDigest: digest }),
  };
}

/** How an earlier server's try ended, by its exit record: every executor keeps them in the same file. */
export async function recordedEnd(
  { directory }: { readonly directory: string },
  attempt: { readonly step: number; readonly try: number },
): Promise<StepEnd | undefined> {
  const folders = buildFolders(directory);
  const outcome = readExitRecord(folders.steps, processId(attempt));
  return outcome === undefined ? undefined : stepEnd(outcome, { output: keptOutput(folders, attempt) });
}
