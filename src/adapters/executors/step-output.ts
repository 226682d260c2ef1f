import { closeSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createStreamMasker } from "../../core/build/mask-stream.ts";
import { byteStrings } from "./step-environment.ts";
import { type BuildFolders, processId } from "./step-folders.ts";

/** What Cloud Build keeps of a step's output file. Source: proto, `Results.build_step_outputs`. */
const MAX_OUTPUT_BYTES = 50 * 1024;

interface Attempt {
  readonly step: number;
  readonly try: number;
}

/**
 * Takes what an ended try wrote to `$BUILDER_OUTPUT/output`, with the secrets hidden, as base64; undefined where it wrote
 * nothing. It is kept beside the try's log, so that a server that starts later has it too.
 */
export function takeOutput(folders: BuildFolders, attempt: Attempt, secrets: readonly string[]): string | undefined {
  const raw = firstBytes(join(folders.steps, `${processId(attempt)}.outputs`, "output"));
  if (raw === undefined) return undefined;
  const masker = createStreamMasker(byteStrings(secrets));
  const hidden = Buffer.concat([masker.push(raw), masker.flush()]);
  const output = hidden.subarray(0, MAX_OUTPUT_BYTES).toString("base64");
  writeFileSync(keptAt(folders, attempt), output, { mode: 0o600 });
  return output;
}

/** The output of a try that ended before; undefined where there was none, or the server died before it was taken. */
export function keptOutput(folders: BuildFolders, attempt: Attempt): string | undefined {
  try {
    return readFileSync(keptAt(folders, attempt), "utf8");
  } catch {
    return undefined;
  }
}

function keptAt(folders: BuildFolders, attempt: Attempt): string {
  return join(folders.steps, `${processId(attempt)}.output`);
}

/** A secret that is cut off at the limit is not recognised: so much more is read as the longest may have. */
function firstBytes(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const buffer = Buffer.alloc(3 * MAX_OUTPUT_BYTES);
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
  } finally {
    closeSync(file);
  }
}
