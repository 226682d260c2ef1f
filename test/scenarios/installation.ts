import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { Reader } from "../support/guide.ts";

const COMMAND = resolve(import.meta.dirname, "..", "..", "bin", "mobius");
/** Longer than a whole file of scenarios takes on a busy machine: a server that is killed before would look like a fault. */
const DEADLINE_MS = 900_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  /** What it has written so far, both streams. */
  text(): string;
  /** Resolves when the text is there; rejects when the process ends without it. */
  waitFor(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

/**
 * A person's machine with the product on it: a home, a state directory and a folder for the umbrella, none of it shared
 * with anything else. Commands run as real processes through `bin/mobius`.
 */
export class Installation implements AsyncDisposable {
  readonly root: string;
  readonly port: number;
  readonly #processes = new Set<ChildProcess>();

  private constructor(root: string, port: number) {
    this.root = root;
    this.port = port;
  }

  static async make(): Promise<Installation> {
    const root = await mkdtemp(join(tmpdir(), "mobius-scenario-"));
    await mkdir(join(root, "home"), { mode: 0o700 });
    return new Installation(root, await freePort());
  }

  get umbrella(): string {
    return join(this.root, "umbrella");
  }

  get state(): string {
    return join(this.root, "state");
  }

  get #env(): Readonly<Record<string, string>> {
    return {
      PATH: process.env.PATH ?? "",
      HOME: join(this.root, "home"),
      MOBIUS_STATE_DIR: this.state,
      MOBIUS_SERVER: `http://127.0.0.1:${this.port}`,
    };
  }

  /** Somebody who reads a guide beside the demo, in a checkout of this repository: Lin, whom git knows. */
  async reader(guide: string, env: Readonly<Record<string, string>> = {}): Promise<Reader> {
    await symlink(dirname(COMMAND), join(this.root, "bin"));
    await symlink(this.umbrella, join(this.root, "mobius-demo"));
    const git = ["AUTHOR", "COMMITTER"].flatMap((role) => [
      [`GIT_${role}_NAME`, "Lin"],
      [`GIT_${role}_EMAIL`, "lin@example.com"],
    ]);
    return Reader.open(guide, this.root, { ...this.#env, ...Object.fromEntries(git), ...env });
  }

  /**
   * Starts a command in the umbrella's folder, or beside it before there is one. `through` is a program that becomes the
   * command: what comes before it on the line.
   */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}, through: readonly string[] = []): Running {
    const [program = "", ...rest] = [...through, process.execPath, COMMAND, ...args];
    const child = spawn(program, rest, {
      cwd: this.root,
      env: { ...this.#env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: DEADLINE_MS,
      killSignal: "SIGKILL",
    });
    this.#processes.add(child);
    return watch(child);
  }

  /** Runs a command about the umbrella to its end. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start([...args, "--dir", this.umbrella], env).ended;
  }

  /** The main job: the sample platform, released and served. */
  demo(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Running {
    return this.start(["demo", "--dir", this.umbrella, "--port", String(this.port), ...args], env);
  }

  /** What `--json` prints. */
  async json<T>(args: readonly string[]): Promise<T> {
    const ended = await this.run([...args, "--json"]);
    return JSON.parse(ended.out) as T;
  }

  /** Asks the server as the person whose token is in the state directory. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const token = (await readFile(join(this.state, "token"), "utf8")).trim();
    return fetch(`http://127.0.0.1:${this.port}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
  }

  async git(folder: string, ...args: readonly string[]): Promise<string> {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" };
    const name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always"];
    const { stdout } = await promisify(execFile)("git", [...name, ...args], { cwd: join(this.umbrella, folder), env });
    return stdout.trim();
  }

  /** Changes a file of a repository of the umbrella (`.` is the umbrella itself), commits it, and gives the commit. */
  async commit(folder: string, path: string, change: (text: string) => string): Promise<string> {
    const file = join(this.umbrella, folder, path);
    await writeFile(file, change(await readFile(file, "utf8").catch(() => "")));
    await this.git(folder, "add", path);
    await this.git(folder, "commit", "--quiet", "-m", `Change ${path}`);
    return this.git(folder, "rev-parse", "HEAD");
  }

  /** Like `commit`, and pushes it to the repository's remote, on top of what the server wrote back. */
  async push(folder: string, path: string, change: (text: string) => string): Promise<string> {
    if (folder === ".") await this.git(".", "pull", "--quiet", "--rebase", "origin", "main");
    await this.commit(folder, path, change);
    await this.git(folder, "push", "--quiet", "origin", "HEAD:main");
    return this.git(folder, "rev-parse", "HEAD");
  }

  /** The manifest that the demo releases. */
  async manifest(): Promise<string> {
    const names = await readdir(join(this.umbrella, "release-manifests"));
    const name = names.sort().find((each) => /^\d{4}-\d{2}-\d{2}-staging\.yaml$/.test(each));
    return `release-manifests/${name}`;
  }

  /** Every process that works in this installation's folders, by its command line. */
  async processes(): Promise<readonly string[]> {
    const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
    const found = await Promise.all(
      ids.map(async (id) => {
        const [command, environ, cwd] = await Promise.all([
          readFile(`/proc/${id}/cmdline`, "utf8").catch(() => ""),
          readFile(`/proc/${id}/environ`, "utf8").catch(() => ""),
          readlink(`/proc/${id}/cwd`).catch(() => ""),
        ]);
        const isOurs = [command, environ, cwd].some((text) => text.includes(this.root));
        return isOurs && command !== "" ? [`${id} ${command.replaceAll("\0", " ")}`] : [];
      }),
    );
    return found.flat();
  }

  /** Ends the youngest process of this installation whose command line matches, as `kill -9` does. */
  async killLast(command: RegExp): Promise<void> {
    const ids = (await this.processes()).filter((line) => command.test(line)).map((line) => Number.parseInt(line, 10));
    if (ids.length === 0) throw new Error(`no ${command} among:\n${(await this.processes()).join("\n")}`);
    process.kill(Math.max(...ids), "SIGKILL");
  }

  /** Waits for the last process to be gone; gives those that stay. */
  async leftBehind(): Promise<readonly string[]> {
    const end = performance.now() + 15_000;
    for (;;) {
      const left = await this.processes();
      if (left.length === 0 || performance.now() > end) return left;
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) if (child.exitCode === null) child.kill("SIGTERM");
    const left = await this.leftBehind();
    for (const line of left) process.kill(Number(line.split(" ")[0]), "SIGKILL");
    await rm(this.root, { recursive: true, force: true });
  }
}

function watch(child: ChildProcess): Running {
  let out = "";
  let err = "";
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    tell();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    tell();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, out, err }));
  });
  const text = () => err + out;
  return {
    text,
    waitFor: (pattern) =>
      new Promise((found, reject) => {
        const look = () => {
          if (!pattern.test(text())) return;
          listeners.delete(look);
          found();
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without ${pattern}:\n${text()}`)));
      }),
    kill: (signal) => void child.kill(signal),
    pid: child.pid ?? 0,
    ended,
  };
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
