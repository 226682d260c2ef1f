/** The command `mobius`: reads the environment, builds what a command needs, and ends the process with its exit code. */
import { enableCompileCache } from "node:module";
import type { Writable } from "node:stream";

enableCompileCache();

// A reader that has seen enough, such as `head`, is no fault.
for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);

const [name, phaseName, ...rest] = process.argv.slice(2);
const code = name === "phase" ? await runPhase() : await runCommand();
// Connections that are kept for a next call would keep the process for seconds. What was written goes out first.
await Promise.all([process.stdout, process.stderr].map(written));
process.exit(code);

function ignoreClosedPipe(cause: Error & { readonly code?: string }): void {
  if (cause.code !== "EPIPE") throw cause;
}

/** Steps start many of these: everything that a phase does not need stays unloaded. */
async function runPhase(): Promise<number> {
  const { runPhaseCommand } = await import("./phase-command.ts");
  const [subject, ...command] = rest;
  return runPhaseCommand(phaseName ?? "", subject, command);
}

async function runCommand(): Promise<number> {
  const { runCommand: run } = await import("./run-command.ts");
  return run(process.argv.slice(2));
}

/** Resolves when the stream has passed on what it was given, also where nobody reads it any more. */
function written(stream: Writable): Promise<void> {
  return new Promise((resolve) => void stream.write("", () => resolve()));
}
