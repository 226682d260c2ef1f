import { constants, type Dirent } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client, ClientConfig } from "pg";
import { toIso } from "../../core/values/time.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import { type ClusterAccess, withClient } from "./cluster-access.ts";

/** What a backup needs. */
export interface BackupContext {
  readonly cluster: ClusterAccess;
  readonly backupsDirectory: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Opens the data directory that was copied to `<directory>/data` as a cluster of its own. */
  readonly openCopy: (directory: string) => Promise<OpenedCopy>;
}

/** A copy that runs. */
interface OpenedCopy {
  readonly connect: (database?: string) => ClientConfig;
  stop(): Promise<void>;
}

const COPIED_AT_ONCE = 16;

/** Folders whose contents a running server makes anew, and files that belong to the running process. */
const LEFT_OUT_FOLDERS = new Set(
  ["pg_wal", "pg_replslot", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans"].map(
    (name) => `/${name}`,
  ),
);
const LEFT_OUT_FILES = /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|backup_label|tablespace_map)$/;

/**
 * Copies the cluster's files while it works, as `pg_basebackup` would: between start and stop of a backup, with the
 * write-ahead log from one to the other. Then opens the copy and reads every database, which also makes it durable: a
 * server that recovers syncs all its files first. A folder without `backup.json` is no backup.
 */
export async function backUpCluster(
  context: BackupContext,
  label: string,
): Promise<{ readonly id: string; readonly bytes: number; readonly durationMs: number }> {
  const { clock, ids, backupsDirectory } = context;
  const startedMs = clock.monotonicMs();
  const id = `${label.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-")}-${ids.randomHex(4)}`;
  const directory = join(backupsDirectory, id);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  inProgress.add(directory);
  try {
    const bytes = await copyOnline(context, id, join(directory, "data"));
    const databases = await readBack(context, directory);
    const record = { id, label, at: toIso(clock.now()), bytes, databases };
    await writeFile(join(directory, "backup.json.new"), `${JSON.stringify(record)}\n`, { mode: 0o600, flush: true });
    await rename(join(directory, "backup.json.new"), join(directory, "backup.json"));
    return { id, bytes, durationMs: clock.monotonicMs() - startedMs };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw new Error(`backup ${id} failed`, { cause: error });
  } finally {
    inProgress.delete(directory);
  }
}

/** Folders that this process is filling. */
const inProgress = new Set<string>();

/**
 * Removes what a killed process left of its backup. The server with which it was checking the copy may still run, so
 * the copy is opened, which adopts it, and stopped.
 */
export async function sweepBackups({ backupsDirectory, openCopy }: BackupContext): Promise<void> {
  for (const name of (await readdir(backupsDirectory).catch(ignoreMissing)) ?? []) {
    const directory = join(backupsDirectory, name);
    const entries = (await readdir(directory).catch(ignoreMissing)) ?? [];
    if (inProgress.has(directory) || entries.includes("backup.json")) continue;
    if (entries.includes("instance"))
      await openCopy(directory).then(
        (copy) => copy.stop(),
        () => {},
      );
    await rm(directory, { recursive: true, force: true });
  }
}

async function copyOnline({ cluster }: BackupContext, id: string, target: string): Promise<number> {
  return withClient(cluster.connect(), async (client) => {
    const source = await one(client, "SHOW data_directory");
    // While the session lives, this slot keeps the log that the copy needs from being removed.
    const slot = `mobius_${id.replaceAll("-", "_")}`.slice(0, 63);
    await client.query("SELECT pg_create_physical_replication_slot($1, true, true)", [slot]);
    const first = await one(client, "SELECT pg_walfile_name(pg_backup_start($1, true))", [id]);
    let bytes = await copyFolder(source, target, "");
    const { rows } = await client.query<{ labelfile: string; spcmapfile: string; last: string }>(
      "SELECT labelfile, spcmapfile, pg_walfile_name(lsn) AS last FROM pg_backup_stop(false)",
    );
    const [stopped] = rows;
    if (stopped === undefined) throw new Error("pg_backup_stop gave no row");
    await writeFile(join(target, "backup_label"), stopped.labelfile, { mode: 0o600 });
    if (stopped.spcmapfile !== "") throw new Error("a cluster with tablespaces cannot be copied");
    for (const name of await readdir(join(source, "pg_wal"))) {
      if (!/^[0-9A-F]{24}$/.test(name) || name < first || name > stopped.last) continue;
      bytes += await copyOne(join(source, "pg_wal", name), join(target, "pg_wal", name));
    }
    return bytes;
  });
}

/** Copies a folder's files, and gives their bytes. What vanishes meanwhile the log puts back. */
async function copyFolder(source: string, target: string, path: string): Promise<number> {
  await mkdir(join(target, path), { mode: 0o700 });
  const entries = (await readdir(join(source, path), { withFileTypes: true }).catch(ignoreMissing)) ?? [];
  let bytes = 0;
  for (let at = 0; at < entries.length; at += COPIED_AT_ONCE) {
    const some = entries.slice(at, at + COPIED_AT_ONCE);
    const sizes = await Promise.all(some.map((entry) => copyEntry(source, target, { path, entry })));
    bytes += sizes.reduce((sum, size) => sum + size, 0);
  }
  return bytes;
}

async function copyEntry(
  source: string,
  target: string,
  { path, entry }: { readonly path: string; readonly entry: Dirent },
): Promise<number> {
  const child = `${path}/${entry.name}`;
  if (LEFT_OUT_FOLDERS.has(child)) {
    await mkdir(join(target, child), { mode: 0o700 });
    return 0;
  }
  if (entry.isDirectory()) return copyFolder(source, target, child);
  if (!entry.isFile() || LEFT_OUT_FILES.test(entry.name)) return 0;
  return copyOne(join(source, child), join(target, child));
}

async function copyOne(source: string, target: string): Promise<number> {
  // Shares the blocks where the file system can.
  await copyFile(source, target, constants.COPYFILE_FICLONE).catch(ignoreMissing);
  return (await stat(target).catch(ignoreMissing))?.size ?? 0;
}

/** Opens the copy, and counts the relations of each of its databases. */
async function readBack(context: BackupContext, directory: string): Promise<readonly string[]> {
  // The log's own folders, which a server expects and does not make.
  for (const name of ["archive_status", "summaries"])
    await mkdir(join(directory, "data", "pg_wal", name), { mode: 0o700 });
  const copy = await context.openCopy(directory);
  try {
    const names = await withClient(copy.connect(), async (client) => {
      const { rows } = await client.query<{ datname: string }>(
        "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname",
      );
      return rows.map((row) => row.datname);
    });
    for (const name of names) {
      await withClient(copy.connect(name), (client) => one(client, "SELECT count(*)::text FROM pg_catalog.pg_class"));
    }
    return names;
  } finally {
    await copy.stop();
    await rm(join(directory, "socket"), { recursive: true, force: true });
    await rm(join(directory, "postgres.log"), { force: true });
  }
}

async function one(client: Client, sql: string, values: readonly unknown[] = []): Promise<string> {
  const { rows } = await client.query<unknown[]>({ text: sql, values: [...values], rowMode: "array" });
  return String(rows[0]?.[0]);
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")))
    throw error;
}
