import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Supervisor } from "../../ports/processes.ts";
import type { ScriptRun, Scripts } from "../../ports/scripts.ts";
import type { Source } from "../../ports/source.ts";
import { startOf } from "./migration-program.ts";

/** How long a script may take to end after it was told to. */
const GRACE_MS = 5_000;

export interface ScriptRunnerOptions {
  readonly source: Source;
  readonly openSupervisor: () => Promise<Supervisor>;
  /** Takes a checkout and a log per run. */
  readonly directory: string;
  /** Folders of the programs that scripts may use, the pinned Node's first. */
  readonly path: string;
  /** Looks a program up in `path`. */
  readonly find: (name: string) => string | undefined;
}

/**
 * Runs a program of a repository from a clean checkout of its commit, with only the variables given, PATH and an empty
 * HOME. Ends it when the signal aborts. The exit code is 1 where it was ended by a signal or could not be started.
 */
export function createScriptRunner(options: ScriptRunnerOptions): Scripts {
  return {
    async missing(program) {
      const { argv } = startOf(program, "");
      // A script is looked up in its checkout, which there is none of yet.
      return program.kind === "script" || options.find(argv[0]) !== undefined ? undefined : argv[0];
    },
    async run(request) {
      const home = join(options.directory, request.id);
      const checkout = join(home, "source");
      await rm(home, { recursive: true, force: true });
      await mkdir(join(home, "home"), { recursive: true });
      const made = await options.source.checkout(request.repository, request.commit, checkout);
      if (!made.ok) throw new Error(`${request.repository} cannot be checked out: ${made.error.kind}`);
      const code = await runIn(options, request, home, checkout);
      await rm(home, { recursive: true, force: true });
      return code;
    },
  };
}

async function runIn(
  { openSupervisor, path }: ScriptRunnerOptions,
  { id, program, variables, onLine, signal }: ScriptRun,
  home: string,
  checkout: string,
): Promise<number> {
  const { argv, folder } = startOf(program, checkout);
  const supervisor = await openSupervisor();
  const logPath = join(home, "log");
  try {
    const running = await supervisor.start({
      id,
      argv,
      cwd: join(checkout, folder),
      env: { ...variables, PATH: path, HOME: join(home, "home") },
      logPath,
    });
    const stop = () => void running.stop(GRACE_MS);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    const { outcome } = await running.exited;
    signal.removeEventListener("abort", stop);
    for await (const line of createInterface({ input: createReadStream(logPath) })) onLine(line);
    return outcome.kind === "exited" ? outcome.code : 1;
  } finally {
    await supervisor.close();
  }
}
