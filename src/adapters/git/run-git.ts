import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { systemClock } from "../system/system-clock.ts";

/** Git ended with an error; the message is what it said about the cause. */
export class GitError extends Error {
  override readonly name = "GitError";
  /** Undefined where git gave no answer of its own: it could not be started, or it was ended. */
  readonly exitCode: number | undefined;
  readonly stderr: string;

  constructor(args: readonly string[], exitCode: number | undefined, stderr: string) {
    super(`git ${commandOf(args)}: ${tellingLine(stderr) || `exit ${exitCode ?? "by a signal"}`}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export interface GitOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Default two minutes. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 120_000;
/** How long git may take to remove its lock files and end its helpers once it is told to end. */
const GRACE_MS = 3_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Nothing of the machine's or a person's configuration, no prompt, no hook, no recursion into submodules. */
const SETTINGS = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "submodule.recurse=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "advice.detachedHead=false",
  "safe.directory=*",
  // Another process of ours may hold a ref for a moment: the command line fetches into the server's mirrors.
  "core.filesRefLockTimeout=5000",
  "core.packedRefsTimeout=5000",
  // A transfer that stands still ends by itself, even where we are no longer there to end it.
  "http.lowSpeedLimit=1",
  "http.lowSpeedTime=60",
].flatMap((setting) => ["-c", setting]);

const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin",
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ALLOW_PROTOCOL: "",
  // Looking must not get in the way of a person who commits at the same moment.
  GIT_OPTIONAL_LOCKS: "0",
  GIT_LITERAL_PATHSPECS: "1",
} as const;

/**
 * Runs git with an argument list and an environment of our own, and gives what it printed. No protocol is allowed unless
 * `env.GIT_ALLOW_PROTOCOL` names the one of the URL at hand. Values that come from outside stand behind `--` or
 * `--end-of-options`, since an option in their place could run a program. Throws `GitError`.
 */
export async function runGit(args: readonly string[], options: GitOptions): Promise<string> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const ended = new AbortController();
  // A group of its own, since git's helpers (HTTP, SSH) outlive a git that is told to end.
  const child = spawn("git", [...SETTINGS, ...args], {
    cwd: options.cwd,
    env: { ...ENVIRONMENT, ...options.env },
    detached: true,
  });
  child.stdin.on("error", () => {}); // git that ends early does not read the rest
  child.stdin.end(options.input ?? "");
  let stopped: string | undefined;
  const stop = async (why: string) => {
    if (stopped !== undefined || child.pid === undefined) return;
    stopped = why;
    child.stdout.destroy();
    child.stderr.destroy();
    signalGroup(child.pid, "SIGTERM"); // git removes its lock files then; it could not at SIGKILL
    await systemClock.sleep(GRACE_MS, ended.signal);
    signalGroup(child.pid, "SIGKILL");
  };
  const stdout = collect(child.stdout, () => void stop(`more than ${MAX_OUTPUT_BYTES} bytes of output`));
  const stderr = collect(child.stderr, () => void stop(`more than ${MAX_OUTPUT_BYTES} bytes of errors`));
  void systemClock.sleep(timeoutMs, ended.signal).then(() => {
    if (!ended.signal.aborted) void stop(`no end within ${timeoutMs / 1000} s`);
  });
  try {
    const code = await new Promise<number | undefined>((resolve, reject) => {
      child.on("error", (cause) => reject(new GitError(args, undefined, cause.message)));
      child.on("close", (exitCode) => resolve(exitCode ?? undefined));
    });
    if (stopped !== undefined) throw new GitError(args, undefined, stopped);
    if (code === 0) return stdout.text();
    throw new GitError(args, code, stderr.text());
  } finally {
    ended.abort();
  }
}

/** Keeps what a stream gives, up to the limit. */
function collect(stream: Readable, onLimit: () => void): { text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) onLimit();
    else chunks.push(chunk);
  });
  stream.on("error", () => {}); // it was destroyed on purpose
  return { text: () => Buffer.concat(chunks).toString("utf8") };
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // Nothing of the group is left.
  }
}

/** The command, past the options that stand before it. */
function commandOf(args: readonly string[]): string {
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "--git-dir" || arg === "--work-tree" || arg === "-c") at += 1;
    else if (!arg.startsWith("-")) return arg;
  }
  return "";
}

/** Lines that surround the cause: progress, advice, and what follows from it. */
const BESIDE = /^(To |hint:|warning:|remote:|fatal: Could not read from remote repository|error: failed to push)/i;

/** Git ends with advice as a rule ("Please make sure …"): the cause stands in a refused ref's line, or comes first. */
function tellingLine(text: string): string {
  const lines = text.split("\n").flatMap((line) => line.trim() || []);
  return lines.find((line) => line.startsWith("! [")) ?? lines.find((line) => !BESIDE.test(line)) ?? lines.at(-1) ?? "";
}
