/**
 * One installation that many real schedules use: a server as a real process with its real PostgreSQL and real git, the small
 * platform, and the fault proxy between its releases and its cloud.
 */
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import { type Cluster, openCluster } from "../../../src/adapters/postgres/open-cluster.ts";
import { systemClock } from "../../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../../src/adapters/system/system-ids.ts";
import { statePaths } from "../../../src/main/state-paths.ts";
import { Installation, type Running } from "../../scenarios/installation.ts";
import { queryOnce } from "../../support/cluster.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { makeSmallPlatform, PASSWORD_SECRET, PROJECT } from "./small-platform.ts";
import { until } from "./until.ts";

const READY_MS = 60_000;
/** A supervisor ends what it runs when its server is gone; this is the invariant's time and a little for a busy machine. */
const GONE_MS = 15_000;

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export class RealWorld implements AsyncDisposable {
  readonly here: Installation;
  readonly proxy: FaultProxy;
  /** What servers wrote, all lives together. */
  readonly said: string[] = [];
  #server: Running | undefined;
  #hasEnded = true;

  private constructor(here: Installation, proxy: FaultProxy) {
    this.here = here;
    this.proxy = proxy;
  }

  /** Makes it, and serves. */
  static async make(): Promise<RealWorld> {
    const here = await Installation.make();
    await makeSmallPlatform(here);
    const world = new RealWorld(here, await startFaultProxy(here.port));
    await world.start();
    const secrets = `/v1/projects/${PROJECT}/secrets`;
    await world.ask(`${secrets}?secretId=${PASSWORD_SECRET}`, { replication: { automatic: {} } });
    const data = Buffer.from(systemIds.randomHex(12)).toString("base64");
    await world.ask(`${secrets}/${PASSWORD_SECRET}:addVersion`, { payload: { data } });
    return world;
  }

  get isServing(): boolean {
    return !this.#hasEnded;
  }

  get server(): Running {
    if (this.#server === undefined) throw new Error("no server was started");
    return this.#server;
  }

  /** Starts a server and waits until it takes work, or has died at its kill point. */
  async start(through: readonly string[] = []): Promise<void> {
    const args = ["serve", "--dir", this.here.umbrella, "--port", String(this.here.port)];
    const env = { MOBIUS_CLOUD_PROXY: this.proxy.url, MOBIUS_KILL_POINT: `@${this.#killFile}` };
    const server = this.here.start(args, env, through);
    this.#server = server;
    this.#hasEnded = false;
    void server.ended.then(({ out, err }) => {
      this.said.push(out + err);
      if (this.#server === server) this.#hasEnded = true;
    });
    await until("the server is ready", READY_MS, async () => this.#hasEnded || (await this.#isReady()));
  }

  async #isReady(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.here.port}/readyz`).catch(() => undefined);
    return answer?.status === 200;
  }

  get #killFile(): string {
    return join(this.here.root, "kill-point");
  }

  /** Where the server is to kill itself, this life or the next; nowhere without one. */
  async setKillPoint(point: string | undefined): Promise<void> {
    await writeFile(this.#killFile, point ?? "");
  }

  /** Ends the server as `kill -9` does, and waits until it is gone with what it ran; gives what stays. */
  async kill(): Promise<readonly string[]> {
    this.server.kill("SIGKILL");
    await this.server.ended;
    return this.strays();
  }

  /** Processes that outlive a dead server: PostgreSQL alone may, which the next one adopts. */
  async strays(): Promise<readonly string[]> {
    const left = async () => (await this.here.processes()).filter((line) => !line.includes("postgres"));
    await until("its processes are gone", GONE_MS, async () => (await left()).length === 0).catch(() => {});
    return left();
  }

  /** Asks the server once; undefined where there is no answer. A body makes it a POST. */
  async tryAsk<T>(path: string, body?: unknown): Promise<Answer<T> | undefined> {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    try {
      const answer = await this.here.ask(path, { ...init, signal: AbortSignal.timeout(READY_MS) });
      return { status: answer.status, body: (await answer.json()) as T };
    } catch {
      return undefined;
    }
  }

  /** Asks the server, which answers well. */
  async ask<T>(path: string, body?: unknown): Promise<T> {
    const answer = await this.tryAsk<T>(path, body);
    if (answer === undefined || answer.status >= 300) {
      throw new Error(`${path} answered ${answer?.status}: ${JSON.stringify(answer?.body)}`);
    }
    return answer.body;
  }

  /** The PostgreSQL of the server, or of the environment: the one that runs, else it is started. */
  async cluster(which: "server" | "environment"): Promise<Cluster> {
    const paths = statePaths(this.here.state);
    const directory = which === "server" ? paths.serverCluster : paths.environmentCluster("staging");
    const opened = await openCluster({ directory, name: which, clock: systemClock, ids: systemIds });
    if (!opened.ok) throw new Error(opened.error.summary);
    return opened.value;
  }

  /** Asks one of them over a connection of its own. */
  async query<Row>(
    which: "server" | "environment",
    text: string,
    values: readonly unknown[] = [],
    database?: string,
  ): Promise<readonly Row[]> {
    const config: ClientConfig = (await this.cluster(which)).connect(database);
    return (await queryOnce(config, text, values)) as readonly Row[];
  }

  /** A backup of every release would fill the disk. */
  async removeBackups(): Promise<void> {
    const folder = statePaths(this.here.state).backups("staging");
    for (const name of await readdir(folder).catch(() => [])) await rm(join(folder, name), { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isServing) {
      this.server.kill("SIGINT");
      await until("the server ends", GONE_MS, async () => this.#hasEnded).catch(() => this.server.kill("SIGKILL"));
      await this.server.ended;
    }
    // Where the last server was killed, nobody else ends them.
    for (const which of ["server", "environment"] as const) await (await this.cluster(which)).stop();
    await this.proxy.close();
    await this.here[Symbol.asyncDispose]();
  }
}
