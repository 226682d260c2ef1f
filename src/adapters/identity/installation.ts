import { chmod, link, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { Secret } from "../../core/values/secret.ts";
import type { Ids } from "../../ports/clock.ts";
import { stateFileDamaged, stateFileExposed } from "./problems.ts";

/** What makes one installation itself. Made once, in its state directory, and the same ever after. */
export interface Installation {
  /** Lower-case UUID; marks this installation's processes. */
  readonly id: string;
  /** 32 bytes: seals secret values at rest. */
  readonly encryptionKey: Uint8Array;
  /** 32 bytes: signs tokens. */
  readonly signingKey: Uint8Array;
  readonly personToken: Secret;
}

const keyFile = z.object({
  id: z.uuid(),
  encryptionKey: z.string().regex(/^[0-9a-f]{64}$/),
  signingKey: z.string().regex(/^[0-9a-f]{64}$/),
});

const TOKEN = /^[0-9a-f]{64}$/;

/**
 * Reads `key` and `token` of the state directory, and makes what is missing: whole or not at all, for the owner only.
 * Processes that start at the same time get the same installation. A file that others may read is refused.
 */
export async function loadInstallation({
  stateDirectory,
  ids,
}: {
  readonly stateDirectory: string;
  readonly ids: Ids;
}): Promise<Result<Installation, Problem>> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const keyPath = join(stateDirectory, "key");
  const tokenPath = join(stateDirectory, "token");
  const keyText = await readOrMake(keyPath, () => JSON.stringify(newKey(ids)), ids);
  if (!keyText.ok) return keyText;
  const tokenText = await readOrMake(tokenPath, () => ids.randomHex(32), ids);
  if (!tokenText.ok) return tokenText;

  const key = keyFile.safeParse(jsonOf(keyText.value));
  if (!key.success) return err(stateFileDamaged(keyPath));
  const token = tokenText.value.trim();
  if (!TOKEN.test(token)) return err(stateFileDamaged(tokenPath));
  const { id, encryptionKey, signingKey } = key.data;
  return ok({
    id,
    encryptionKey: new Uint8Array(Buffer.from(encryptionKey, "hex")),
    signingKey: new Uint8Array(Buffer.from(signingKey, "hex")),
    personToken: new Secret(token),
  });
}

function newKey(ids: Ids): z.infer<typeof keyFile> {
  return { id: ids.uuid(), encryptionKey: ids.randomHex(32), signingKey: ids.randomHex(32) };
}

async function readOrMake(path: string, content: () => string, ids: Ids): Promise<Result<string, Problem>> {
  const there = await stat(path).catch(ignoreMissing);
  if (there === undefined) await makeOnce(path, `${content()}\n`, ids);
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) return err(stateFileExposed(path, mode & 0o777));
  return ok(await readFile(path, "utf8"));
}

/** A finished file is linked into place, which fails where another process was first: theirs then counts. */
async function makeOnce(path: string, content: string, ids: Ids): Promise<void> {
  const temporary = `${path}.${ids.randomHex(8)}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await chmod(temporary, 0o600);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
