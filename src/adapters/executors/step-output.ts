import { closeSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createMasker } from "../../core/build/mask.ts";
import type { StepOrder } from "../../ports/step-executor.ts";
import { type BuildFolders, processId } from "./step-folders.ts";

/** What Cloud Build keeps of a step's output file. Source: proto, `Results.build_step_outputs`. */
const MAX_OUTPUT_BYTES = 50 * 1024;

/**
 * Takes what an ended try wrote to `$BUILDER_OUTPUT/output`, with the secrets hidden, as base64; undefined where it wrote
 * nothing. It is kept beside the try's log, so that a server that starts later has it too.
 */
export function takeOutput(folders: BuildFolders, order: StepOrder): string | undefined {
  const raw = firstBytes(join(folders.steps, `${processId(order)}.outputs`, "output"));
  if (raw === undefined) return undefined;
  const masker = createMasker(
    Object.values(order.secretEnv).map((secret) => Buffer.from(secret.reveal()).toString("latin1")),
  );
  const hidden = masker.push(raw.toString("latin1")) + masker.flush();
  const output = Buffer.from(hidden, "latin1").subarray(0, MAX_OUTPUT_BYTES).toString("base64");
  writeFileSync(keptAt(folders, order), output, { mode: 0o600 });
  return output;
}

/** The output of a try that ended before; undefined where there was none, or the server died before it was taken. */
export function keptOutput(
  folders: BuildFolders,
  attempt: { readonly step: number; readonly try: number },
): string | undefined {
  try {
    return readFileSync(keptAt(folders, attempt), "utf8");
  } catch {
    return undefined;
  }
}

function keptAt(folders: BuildFolders, attempt: { readonly step: number; readonly try: number }): string {
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
