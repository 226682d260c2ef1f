import { spawn } from "node:child_process";
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { ClusterPlace } from "./cluster-place.ts";
import { commandLineOf, orphanedBackends, signalProcess, waitUntilGone } from "./process-table.ts";
import { postgresEnvironment, spawnPlan } from "./run-as.ts";

/** A live server of a data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketDirectory: string;
}

/** How long each way of stopping is given, in milliseconds; a fast shutdown writes a checkpoint first. */
const FAST_STOP_MS = 15_000;
const IMMEDIATE_STOP_MS = 10_000;

/** How long one connection and its query may take, in milliseconds. */
const ANSWER_MS = 3_000;

/**
 * The live server that `postmaster.pid` names, undefined when there is none. A number that meanwhile belongs to
 * another program does not count: the command line has to name this very data directory.
 */
export async function livePostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => "");
  const [pidLine, , , portLine, socketDirectory] = text.split("\n");
  const pid = Number(pidLine);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  if (!(await isPostmasterOf(pid, dataDirectory))) return undefined;
  return { pid, port: Number(portLine ?? 0), socketDirectory: socketDirectory ?? "" };
}

/** Whether that process is the server of this data directory. */
async function isPostmasterOf(pid: number, dataDirectory: string): Promise<boolean> {
  const parts = await commandLineOf(pid);
  const isOurs = parts.some((part, index) => part === "-D" && parts[index + 1] === dataDirectory);
  return isOurs && parts.some((part) => /(^|\/)postgres$/.test(part));
}

/** `starting`: it is there and says that it is not ready yet, or not any more. */
export type Answer =
  | { readonly kind: "ready" }
  | { readonly kind: "starting" | "refused" | "silent"; readonly reason: string };

/** Asks the server one query. */
export async function askServer(config: ClientConfig): Promise<Answer> {
  const client = new Client({ ...config, connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS });
  client.on("error", () => {}); // the query's own rejection says it
  try {
    await client.connect();
    await client.query("SELECT 1");
    return { kind: "ready" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // 57P0x: starting up, shutting down. Other five-character codes are a server that is well and says no.
    if (/^57P0/.test(code)) return { kind: "starting", reason };
    return { kind: /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]/.test(code) ? "refused" : "silent", reason };
  } finally {
    // Not waited for: a server that hangs would not answer the farewell either.
    void client.end().catch(() => {});
  }
}

/**
 * Ends a server: fast, then at once. False when it is still there. A stopped process (SIGSTOP) is woken first, for it
 * would never see the signal.
 */
export async function stopPostmaster(pid: number, dataDirectory: string, clock: Clock): Promise<boolean> {
  const isGone = async () => !(await isPostmasterOf(pid, dataDirectory));
  for (const { signal, withinMs } of [
    { signal: "SIGINT", withinMs: FAST_STOP_MS },
    { signal: "SIGQUIT", withinMs: IMMEDIATE_STOP_MS },
  ] as const) {
    if (await isGone()) return true;
    signalProcess(pid, signal);
    signalProcess(pid, "SIGCONT");
    if (await waitUntilGone(isGone, { clock, withinMs })) return true;
  }
  return false;
}

/**
 * Makes way for a new server when the last one is dead: its orphaned backends would keep the shared memory, and a pid
 * file whose number has gone to another program would forbid the start. Call it only when no live postmaster is there.
 */
export async function clearRemains(dataDirectory: string, { clock, ids }: { clock: Clock; ids: Ids }): Promise<void> {
  const isEmpty = async () => (await orphanedBackends(dataDirectory)).length === 0;
  for (const { signal, withinMs } of [
    { signal: "SIGQUIT", withinMs: 3_000 },
    { signal: "SIGKILL", withinMs: 5_000 },
  ] as const) {
    if (await isEmpty()) break;
    // A postmaster that another process of ours has started meanwhile has backends too.
    if ((await livePostmaster(dataDirectory)) !== undefined) return;
    for (const pid of await orphanedBackends(dataDirectory)) signalProcess(pid, signal);
    await waitUntilGone(isEmpty, { clock, withinMs });
  }
  if (await isEmpty()) await removeMisleadingPidFile(dataDirectory, ids);
}

/** PostgreSQL removes a dead server's file itself, unless its number has gone to another program. */
async function removeMisleadingPidFile(dataDirectory: string, ids: Ids): Promise<void> {
  const path = join(dataDirectory, "postmaster.pid");
  const isMisleading = async (file: string) => {
    const pid = Number((await readFile(file, "utf8").catch(() => "")).split("\n")[0]);
    const isTaken = Number.isInteger(pid) && pid > 1 && (await commandLineOf(pid)).length > 0;
    return isTaken && !(await isPostmasterOf(pid, dataDirectory));
  };
  if (!(await isMisleading(path))) return;
  // Moved away before it is judged once more: a server that starts at this moment would have put its own there.
  const aside = `${path}.${ids.randomHex(6)}`;
  await rename(path, aside);
  if (await isMisleading(aside)) await rm(aside);
  else await rename(aside, path);
}

/** A server just started. `ended` resolves with its exit code when it ends. */
export interface StartedPostmaster {
  /** Undefined when it could not even be started. */
  readonly pid: number | undefined;
  readonly ended: Promise<number>;
}

/** Starts a server that outlives us: its own session, nothing of our environment, its log in a file. */
export async function startPostmaster(options: {
  readonly name: string;
  readonly place: ClusterPlace;
  readonly dataDirectory: string;
  readonly maxConnections: number;
  readonly logFile: string;
}): Promise<StartedPostmaster> {
  const { place, dataDirectory } = options;
  const log = await open(options.logFile, "a", 0o600);
  const plan = spawnPlan(place.runAs, join(place.bin, "postgres"), ["-D", dataDirectory, ...settings(options)]);
  try {
    const child = spawn(plan.file, plan.args, {
      ...plan.identity,
      cwd: dataDirectory,
      env: postgresEnvironment,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    const ended = new Promise<number>((resolve) => {
      child.on("error", () => resolve(127));
      child.on("exit", (code) => resolve(code ?? 1));
    });
    child.unref();
    return { pid: child.pid, ended };
  } finally {
    await log.close();
  }
}

function settings(options: { name: string; place: ClusterPlace; maxConnections: number }): readonly string[] {
  const values: Readonly<Record<string, string | number>> = {
    listen_addresses: "",
    port: 5432,
    // The list's own quoting: folders may hold commas and spaces.
    unix_socket_directories: `"${options.place.socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    max_connections: options.maxConnections,
    shared_buffers: "32MB",
    min_wal_size: "32MB",
    max_wal_size: "256MB",
    fsync: "on",
    password_encryption: "scram-sha-256",
    // A statement whose client has died would otherwise run on to its end.
    client_connection_check_interval: "2s",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] %a ",
    cluster_name: options.name.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 63),
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
