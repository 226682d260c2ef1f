import { chmod, chown, cp, lstat, mkdir, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { digestOf } from "../../core/values/digest.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Ids } from "../../ports/clock.ts";
import type { Binaries } from "./binaries.ts";
import { postgresNeedsAccount } from "./problems.ts";
import { type AccountRunAs, accountNamed, chooseRunAs, type RunAs, runCommand } from "./run-as.ts";

/** Where a cluster's files are, and who runs it. */
export interface ClusterPlace {
  readonly runAs: RunAs;
  /** Folder `bin` that `runAs` can reach. */
  readonly bin: string;
  /** Holds `instance/data` and `instance/password`: the cluster's folder, or one that its account can reach. */
  readonly home: string;
  readonly socketDirectory: string;
}

const pointer = z.object({ home: z.string(), account: z.string() });

/** Where an account may be given a folder, best first. */
const ROOTS = ["/var/lib", "/tmp"];

/** A socket's whole path, in bytes; systems cut it at 103 to 107. */
const MAX_SOCKET_PATH_BYTES = 100;

/**
 * Settles where a cluster lives. A cluster that once moved to an account's folder stays there: `location` in its own
 * folder says so.
 */
export async function settlePlace(options: {
  readonly directory: string;
  readonly binaries: Binaries;
  readonly ids: Ids;
  readonly asRoot?: "user-namespace" | "account" | undefined;
}): Promise<Result<ClusterPlace, Problem>> {
  const { directory, binaries, ids } = options;
  const moved = await readPointer(directory);
  const account = moved === undefined ? undefined : await accountNamed(moved.account);
  if (moved !== undefined && account === undefined) {
    return err(postgresNeedsAccount([`The cluster's files belong to the account ${moved.account}, which is gone.`]));
  }
  const runAs: Result<RunAs, Problem> = account === undefined ? await chooseRunAs(options.asRoot) : ok(account);
  if (!runAs.ok) return runAs;
  if (runAs.value.kind !== "account") {
    const socketDirectory = await ownSocketDirectory(directory);
    return ok({ runAs: runAs.value, bin: binaries.bin, home: directory, socketDirectory });
  }
  const home = moved?.home ?? (await moveHome(directory, runAs.value, ids));
  const socketDirectory = join(home, "socket");
  await makeFor(runAs.value, socketDirectory);
  return ok({ runAs: runAs.value, bin: await reachableBin(binaries, runAs.value, ids), home, socketDirectory });
}

async function readPointer(directory: string): Promise<z.infer<typeof pointer> | undefined> {
  const text = await readFile(join(directory, "location"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : pointer.parse(JSON.parse(text));
}

/** The pointer is written last: a crash before it leaves the old place in force, and the half copy is made anew. */
async function moveHome(directory: string, account: AccountRunAs, ids: Ids): Promise<string> {
  const home = await rootFolder(`mobius-${shortDigest(directory)}`);
  const before = join(directory, "instance");
  if ((await lstat(before).catch(() => undefined)) !== undefined) {
    const copy = join(home, "instance");
    await rm(copy, { recursive: true, force: true });
    await cp(before, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    await chmod(copy, 0o755);
    await chownAll(join(copy, "data"), account);
  }
  const temporary = join(directory, `location.${ids.randomHex(6)}`);
  await writeFile(temporary, JSON.stringify({ home, account: account.name }), { mode: 0o600, flush: true });
  await rename(temporary, join(directory, "location"));
  await rm(before, { recursive: true, force: true });
  return home;
}

async function chownAll(path: string, account: AccountRunAs): Promise<void> {
  await chown(path, account.uid, account.gid);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await chownAll(child, account);
    else if (entry.isFile()) await chown(child, account.uid, account.gid);
  }
}

/** The account's own way to the binaries: where they are, else a copy of them, made once for all clusters. */
async function reachableBin(binaries: Binaries, account: AccountRunAs, ids: Ids): Promise<string> {
  const probe = { file: join(binaries.bin, "postgres"), args: ["--version"], cwd: "/" };
  const reached = await runCommand(account, probe);
  if (reached.exitCode === 0 || binaries.portableRoot === undefined) return binaries.bin;
  const version = (await runCommand({ kind: "self" }, probe)).output.trim();
  const root = await rootFolder(`mobius-postgres-${shortDigest(`${binaries.portableRoot}\n${version}`)}`);
  const target = join(root, "native");
  if ((await lstat(target).catch(() => undefined)) === undefined) {
    const temporary = join(root, `native.${ids.randomHex(6)}`);
    await cp(binaries.portableRoot, temporary, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith(".a"),
    });
    // Another process may have been first; its copy is as good.
    await rename(temporary, target).catch(() => rm(temporary, { recursive: true, force: true }));
  }
  return join(target, "bin");
}

/** A folder of root's that everybody may pass through. Refuses one that somebody else put there. */
async function rootFolder(name: string): Promise<string> {
  let cause: unknown;
  for (const root of ROOTS) {
    const path = join(root, name);
    try {
      await mkdir(path, { mode: 0o755 }).catch(ignoreExisting);
      await checkOwned(path, 0);
      await chmod(path, 0o755);
      return path;
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(`no folder can be made in ${ROOTS.join(" or ")}`, { cause });
}

async function makeFor(account: AccountRunAs, path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
  await chown(path, account.uid, account.gid);
}

/** Beside the data where the path is short enough, else a short folder whose name is a digest of the long one. */
async function ownSocketDirectory(directory: string): Promise<string> {
  const near = join(directory, "socket");
  const isShort = Buffer.byteLength(join(near, ".s.PGSQL.65535")) <= MAX_SOCKET_PATH_BYTES;
  const path = isShort ? near : join("/tmp", `mobius-${shortDigest(directory)}`);
  await mkdir(path, { mode: 0o700 }).catch(ignoreExisting);
  // In /tmp anybody could have been first, and would then get our connections.
  await checkOwned(path, process.getuid?.() ?? 0);
  await chmod(path, 0o700);
  return path;
}

async function checkOwned(path: string, uid: number): Promise<void> {
  const there = await lstat(path);
  if (!there.isDirectory() || there.uid !== uid) throw new Error(`${path} is not a folder of ours`);
}

function shortDigest(text: string): string {
  return digestOf(text).slice("sha256:".length, "sha256:".length + 16);
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
}

/** Makes the cluster's folder, and gives its path without links: PostgreSQL reports that one. */
export async function clusterDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return realpath(path);
}
