import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findDockerEngine } from "../../src/adapters/executors/docker/docker-engine.ts";
import type { BuildConfig } from "../../src/core/build/build-config.ts";
import { type Build, isEnded } from "../../src/core/build/state.ts";
import { loadBuild } from "../../src/engine/builds/build-stream.ts";
import { testSupervisors } from "./build-world.ts";
import { openFileEventLog } from "./file-event-log.ts";

/** A folder in which servers with nothing but the build engine work, one after the other, until they are killed. */
export class ServerProcesses implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "mobius-recover-"));
  readonly #executor: "host" | "docker";
  readonly #servers: ChildProcess[] = [];

  constructor(executor: "host" | "docker" = "host") {
    this.#executor = executor;
  }

  /** The mark of all processes that are started here. */
  get installation(): string {
    return `test-${this.directory.split("-").at(-1)}`;
  }

  /** Starts a server; the first one submits the build. */
  start(config?: BuildConfig): ChildProcess {
    const file = join(this.directory, "build.json");
    if (config !== undefined) writeFileSync(file, JSON.stringify(config));
    const script = join(import.meta.dirname, "build-server.ts");
    const server = spawn(process.execPath, [script, this.directory, file, this.#executor], {
      stdio: ["pipe", "inherit", "inherit"],
    });
    this.#servers.push(server);
    return server;
  }

  async kill(server: ChildProcess): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((resolve) => server.on("exit", resolve));
    server.kill("SIGKILL");
    await gone;
  }

  /** The build as the event log on disk has it. */
  async onDisk(): Promise<Build | undefined> {
    if (!existsSync(join(this.directory, "submitted"))) return undefined;
    const id = readFileSync(join(this.directory, "submitted"), "utf8");
    return loadBuild(await openFileEventLog(join(this.directory, "events.jsonl")), id);
  }

  ended(): Promise<Build> {
    return until("the build ends", async () => {
      const build = await this.onDisk();
      return build !== undefined && isEnded(build) ? build : undefined;
    });
  }

  /** Resolves when the step says itself that it runs: it makes a file of its name. */
  running(step: number): Promise<Build> {
    return until(`step ${step} runs`, async () => {
      const build = await this.onDisk();
      if (build?.steps[step]?.name !== "running") return undefined;
      return existsSync(this.workspace(build, `step-${step}`)) ? build : undefined;
    });
  }

  workspace(build: Build, file: string): string {
    return join(this.directory, "builds", build.id, "workspace", file);
  }

  log(build: Build): string {
    return readFileSync(join(this.directory, "builds", build.id, "log.txt"), "utf8");
  }

  async #removeContainers(): Promise<void> {
    const engine = this.#executor === "docker" ? await findDockerEngine("/var/run/docker.sock") : undefined;
    const filters = JSON.stringify({ label: [`mobius.installation=test-${this.directory.slice(-6)}`] });
    const found = await engine?.json("GET", `/containers/json?all=true&filters=${encodeURIComponent(filters)}`);
    for (const { Id } of (found ?? []) as { Id: string }[])
      await engine?.json("DELETE", `/containers/${Id}?force=true`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => this.kill(server)));
    await testSupervisors(this.directory).sweep();
    await this.#removeContainers();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Looks until something is there, or 30 s are over. */
export async function until<T>(what: string, find: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
