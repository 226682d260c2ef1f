import { access, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import { assertNever } from "../../core/values/assert.ts";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import type { Secret } from "../../core/values/secret.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import { type Binaries, locateBinaries } from "./binaries.ts";
import { type ClusterPlace, clusterDirectory, settlePlace } from "./cluster-place.ts";
import { ensureInstance, type Instance, lastLines, SUPERUSER } from "./instance.ts";
import {
  askServer,
  clearRemains,
  livePostmaster,
  type Postmaster,
  startPostmaster,
  stopPostmaster,
} from "./postmaster.ts";
import { postgresNotStarted, postgresNotStopped, postgresRefused } from "./problems.ts";
import { keepLogSmall, logTail } from "./server-log.ts";

/**
 * The supervisor of embedded PostgreSQL: real binaries, a Unix socket and no network. A server that outlived a killed
 * process of ours is adopted. Begin here; `postmaster.ts` is the process, `instance.ts` its files, `cluster-place.ts`
 * where they are and as whom it runs.
 */
export interface Cluster {
  readonly socketDirectory: string;
  readonly port: number;
  readonly superuser: { readonly user: string; readonly password: Secret };
  /** Settings for a `pg` client or pool, as the superuser, for that database (default `postgres`). */
  readonly connect: (database?: string) => ClientConfig;
  /** The server was running already, or another process started it just now. */
  readonly adopted: boolean;
  /** Ends the server, whoever started it, and waits for its end. Throws when it does not end. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** The cluster's own folder, made when missing. Its data lives there, or where its file `location` says. */
  readonly directory: string;
  /** For messages and the process list. */
  readonly name: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Default: found by `locateBinaries`. */
  readonly binaries?: Binaries;
  /** `PATH`, for a platform without binaries of its own. */
  readonly searchPath?: string;
  readonly maxConnections?: number;
  /** One of root's two ways to run PostgreSQL, instead of the first that works. */
  readonly asRoot?: "user-namespace" | "account";
  /** How long the server may take until it answers, recovery after a crash included, in milliseconds. */
  readonly startWithinMs?: number;
  /** How long a live server may stay silent before it counts as hung, in milliseconds. */
  readonly silentForMs?: number;
}

const START_WITHIN_MS = 60_000;
const SILENT_FOR_MS = 8_000;
const LOOK_EVERY_MS = 15;
/** A start that loses a race against another process fails once; more often it is a fault. */
const MAX_STARTS = 3;

/** What one opening carries along. */
interface Opening {
  readonly options: ClusterOptions;
  readonly place: ClusterPlace;
  readonly instance: Instance;
  readonly logFile: string;
  readonly deadlineMs: number;
}

/**
 * Opens a cluster: makes it when there is none, adopts its server when one runs and answers, stops one that does not,
 * starts one otherwise. Any number of processes may open one cluster at the same time; they share its server.
 */
export async function openCluster(options: ClusterOptions): Promise<Result<Cluster, Problem>> {
  const directory = await clusterDirectory(options.directory);
  const binaries = options.binaries === undefined ? await locateBinaries(options.searchPath) : ok(options.binaries);
  if (!binaries.ok) return binaries;
  const { name, clock, ids, asRoot } = options;
  const place = await settlePlace({ directory, binaries: binaries.value, ids, asRoot });
  if (!place.ok) return place;
  const instance = await ensureInstance({ name, place: place.value, clock, ids });
  if (!instance.ok) return instance;
  const opening: Opening = {
    options,
    place: place.value,
    instance: instance.value,
    logFile: join(directory, "postgres.log"),
    deadlineMs: clock.monotonicMs() + (options.startWithinMs ?? START_WITHIN_MS),
  };
  return serve(opening);
}

/**
 * Opens a data directory that was copied to `<directory>/data`, with the password that its superuser has. Afterwards
 * the folder is a cluster's own, which this function and `openCluster` open again.
 */
export async function openCopy(
  options: ClusterOptions & { readonly password: Secret },
): Promise<Result<Cluster, Problem>> {
  const copied = join(options.directory, "data");
  const hasData = await access(copied).then(
    () => true,
    () => false,
  );
  // Without it the copy was opened before, by a process that may have been killed.
  if (hasData) {
    const instance = join(options.directory, "instance");
    await mkdir(instance, { recursive: true, mode: 0o700 });
    await writeFile(join(instance, "password"), `${options.password.reveal()}\n`, { mode: 0o600 });
    await rename(copied, join(instance, "data"));
  }
  return openCluster(options);
}

async function serve(opening: Opening): Promise<Result<Cluster, Problem>> {
  const { clock, name } = opening.options;
  const { dataDirectory } = opening.instance;
  let startedPid: number | undefined;
  for (let starts = 0; starts < MAX_STARTS; ) {
    const found = await livePostmaster(dataDirectory);
    if (found === undefined) {
      starts += 1;
      startedPid = await startOnce(opening);
      continue;
    }
    const waited = await waitUntilReady(opening, found);
    switch (waited.kind) {
      case "ready":
        return ok(cluster(opening, waited.postmaster, found.pid === startedPid ? "started" : "adopted"));
      case "refused":
        return err(postgresRefused(name, waited.reason));
      case "late":
        return err(postgresNotStarted(name, `It does not answer in time: ${waited.reason}.`, await lastLog(opening)));
      case "silent":
        if (await stopPostmaster(found.pid, dataDirectory, clock)) break;
        return err(postgresNotStopped(name, found.pid));
      case "gone":
        break;
      default:
        assertNever(waited);
    }
  }
  return err(postgresNotStarted(name, "Its server ended at once.", await lastLog(opening)));
}

async function lastLog({ logFile }: Opening): Promise<readonly string[]> {
  return lastLines(await logTail(logFile));
}

/** Starts a server and waits until its pid file is there; gives the process, or undefined when it ended instead. */
async function startOnce({ options, place, instance, logFile, deadlineMs }: Opening): Promise<number | undefined> {
  const { clock, name } = options;
  await clearRemains(instance.dataDirectory, options);
  const maxConnections = options.maxConnections ?? 100;
  const { dataDirectory } = instance;
  const server = await startPostmaster({ name, place, dataDirectory, maxConnections, logFile });
  let hasEnded = false;
  void server.ended.then(() => {
    hasEnded = true;
  });
  while (clock.monotonicMs() < deadlineMs && !hasEnded) {
    if ((await livePostmaster(dataDirectory)) !== undefined) return server.pid;
    await clock.sleep(LOOK_EVERY_MS);
  }
  return undefined;
}

type Waited =
  | { readonly kind: "ready"; readonly postmaster: Postmaster }
  | { readonly kind: "refused" | "silent" | "late" | "gone"; readonly reason: string };

/** One that says "starting up" gets the whole time to start; one that says nothing does not. */
async function waitUntilReady(opening: Opening, found: Postmaster): Promise<Waited> {
  const { clock, silentForMs = SILENT_FOR_MS } = opening.options;
  let silentUntilMs = clock.monotonicMs() + silentForMs;
  for (;;) {
    const live = await livePostmaster(opening.instance.dataDirectory);
    if (live?.pid !== found.pid) return { kind: "gone", reason: "It ended." };
    const answer = await askServer(configOf(opening, live, "postgres"));
    if (answer.kind === "ready") return { kind: "ready", postmaster: live };
    const { kind, reason } = answer;
    if (kind === "refused") return { kind, reason };
    const nowMs = clock.monotonicMs();
    if (kind === "starting") silentUntilMs = nowMs + silentForMs;
    if (nowMs > silentUntilMs) return { kind: "silent", reason };
    if (nowMs > opening.deadlineMs) return { kind: "late", reason };
    await clock.sleep(LOOK_EVERY_MS);
  }
}

function configOf({ instance }: Opening, postmaster: Postmaster, database: string): ClientConfig {
  return {
    host: postmaster.socketDirectory,
    port: postmaster.port,
    user: SUPERUSER,
    // A function, so that printing the settings does not print the password.
    password: () => instance.password.reveal(),
    database,
    ssl: false,
  };
}

function cluster(opening: Opening, postmaster: Postmaster, origin: "started" | "adopted"): Cluster {
  const { clock, name } = opening.options;
  const { dataDirectory, password } = opening.instance;
  const ended = new AbortController();
  void keepLogSmall(opening.logFile, clock, ended.signal);
  return {
    socketDirectory: postmaster.socketDirectory,
    port: postmaster.port,
    superuser: { user: SUPERUSER, password },
    connect: (database = "postgres") => configOf(opening, postmaster, database),
    adopted: origin === "adopted",
    async stop() {
      ended.abort();
      const isGone = await stopPostmaster(postmaster.pid, dataDirectory, clock);
      if (!isGone) throw new Error(`the PostgreSQL cluster "${name}" (process ${postmaster.pid}) does not end`);
    },
  };
}
