import { chown, lstat, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { Secret } from "../../core/values/secret.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { ClusterPlace } from "./cluster-place.ts";
import { postgresNotStarted } from "./problems.ts";
import { runCommand } from "./run-as.ts";

/** The superuser of every cluster that we make; a name that no module gives to its own user. */
export const SUPERUSER = "mobius_superuser";

/** Half-made instances older than this are remains of a crash. */
const REMAINS_AFTER_MS = 60 * 60 * 1000;

/** How much of what `initdb` wrote is shown, in lines. */
const LINES_SHOWN = 5;

/** A cluster's files: data and the superuser's password, made together or not at all. */
export interface Instance {
  readonly dataDirectory: string;
  readonly password: Secret;
}

/**
 * Gives the cluster's instance, made by `initdb` where there is none. It is made beside its place and renamed into it,
 * so a crash leaves nothing half-made, and of two processes one wins and both get the same.
 */
export async function ensureInstance(options: {
  readonly name: string;
  readonly place: ClusterPlace;
  readonly clock: Clock;
  readonly ids: Ids;
}): Promise<Result<Instance, Problem>> {
  const { home } = options.place;
  const there = await readInstance(home);
  if (there !== undefined) return ok(there);
  await removeRemains(home, options.clock);
  const temporary = join(home, `instance.${options.ids.randomHex(6)}`);
  try {
    const made = await makeInstance(temporary, options);
    if (!made.ok) return made;
    await rename(temporary, join(home, "instance")).catch(ignoreTaken);
    await syncFolder(home);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  const instance = await readInstance(home);
  if (instance !== undefined) return ok(instance);
  return err(
    postgresNotStarted(options.name, `${join(home, "instance")} holds no data directory with its password.`, []),
  );
}

/** The instance that is there, whole; undefined when there is none. */
async function readInstance(home: string): Promise<Instance | undefined> {
  const dataDirectory = join(home, "instance", "data");
  const password = await readFile(join(home, "instance", "password"), "utf8").catch(() => undefined);
  const version = await lstat(join(dataDirectory, "PG_VERSION")).catch(() => undefined);
  if (password === undefined || version === undefined) return undefined;
  return { dataDirectory, password: new Secret(password.trim()) };
}

async function makeInstance(
  folder: string,
  { name, place, ids }: { readonly name: string; readonly place: ClusterPlace; readonly ids: Ids },
): Promise<Result<undefined, Problem>> {
  const { runAs } = place;
  const dataDirectory = join(folder, "data");
  const passwordFile = join(folder, "initial-password");
  const password = ids.randomHex(24);
  await mkdir(folder, { mode: runAs.kind === "account" ? 0o755 : 0o700 });
  await mkdir(dataDirectory, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: "wx" });
  if (runAs.kind === "account") {
    await chown(dataDirectory, runAs.uid, runAs.gid);
    await chown(passwordFile, runAs.uid, runAs.gid);
  }
  const outcome = await runCommand(runAs, {
    file: join(place.bin, "initdb"),
    args: [
      `--pgdata=${dataDirectory}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--no-instructions",
    ],
    cwd: folder,
  });
  await rm(passwordFile);
  if (outcome.exitCode !== 0) {
    return err(postgresNotStarted(name, `initdb ended with ${outcome.exitCode}.`, lastLines(outcome.output)));
  }
  await writeFile(join(folder, "password"), `${password}\n`, { mode: 0o600, flush: true });
  await syncFolder(folder);
  return ok(undefined);
}

/** The last lines that say something. */
export function lastLines(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-LINES_SHOWN);
}

async function removeRemains(home: string, clock: Clock): Promise<void> {
  for (const name of await readdir(home)) {
    if (!/^instance\.[0-9a-f]+$/.test(name)) continue;
    const made = await stat(join(home, name)).catch(() => undefined);
    if (made === undefined || clock.now() - made.mtimeMs < REMAINS_AFTER_MS) continue;
    await rm(join(home, name), { recursive: true, force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function ignoreTaken(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
}
