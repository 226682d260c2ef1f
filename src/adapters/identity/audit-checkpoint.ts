import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import { isDigest } from "../../core/values/digest.ts";
import type { AuditCheckpoint } from "../../ports/audit-checkpoint.ts";

const head = z.object({
  number: z.int().min(0),
  digest: z.custom<`sha256:${string}`>((value) => isDigest(String(value))),
});

/**
 * The end of the audit log as a file of the state directory, for its owner only. A file that cannot be read is an error,
 * never "no checkpoint": whoever cut the log could have damaged it.
 */
export function createAuditCheckpoint(path: string): AuditCheckpoint {
  return {
    async read() {
      const text = await readFile(path, "utf8").catch(ignoreMissing);
      if (text === undefined) return undefined;
      const { number, digest } = head.parse(JSON.parse(text));
      return isDigest(digest) ? { number, digest } : undefined;
    },
    async write({ number, digest }) {
      const next = `${path}.next`;
      await writeFile(next, `${JSON.stringify({ number, digest })}\n`, { mode: 0o600 });
      await rename(next, path);
    },
  };
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
