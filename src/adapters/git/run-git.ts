import { execFile } from "node:child_process";

/** Git ended with an error; the message is its own last words. */
export class GitError extends Error {
  override readonly name = "GitError";
  readonly exitCode: number | undefined;
  readonly stderr: string;

  constructor(args: readonly string[], exitCode: number | undefined, stderr: string) {
    super(
      `git ${args.find((arg) => !arg.startsWith("-")) ?? ""}: ${lastLine(stderr) || `exit ${exitCode ?? "by a signal"}`}`,
    );
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
].flatMap((setting) => ["-c", setting]);

const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin",
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ALLOW_PROTOCOL: "",
} as const;

/**
 * Runs git with an argument list and an environment of our own, and gives what it printed. No protocol is allowed unless
 * `env.GIT_ALLOW_PROTOCOL` names the one of the URL at hand. Values that come from outside stand behind `--` or
 * `--end-of-options`, since an option in their place could run a program. Throws `GitError`.
 */
export function runGit(args: readonly string[], options: GitOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      [...SETTINGS, ...args],
      {
        cwd: options.cwd,
        env: { ...ENVIRONMENT, ...options.env },
        timeout: options.timeoutMs ?? TIMEOUT_MS,
        killSignal: "SIGKILL",
        maxBuffer: MAX_OUTPUT_BYTES,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(new GitError(args, typeof error.code === "number" ? error.code : undefined, stderr || error.message));
      },
    );
    child.stdin?.on("error", () => {}); // git that ends early does not read the rest
    child.stdin?.end(options.input ?? "");
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim() ?? "";
}
