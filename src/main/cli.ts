/** The command `mobius`: reads the environment, builds what a command needs, and ends the process with its exit code. */
import { enableCompileCache } from "node:module";

enableCompileCache();

const [name, phaseName, ...rest] = process.argv.slice(2);
if (name === "phase") {
  // Steps start many of these: everything that a phase does not need stays unloaded.
  const { runPhaseCommand } = await import("./phase-command.ts");
  process.exitCode = await runPhaseCommand(phaseName ?? "", rest[0]);
} else {
  const { runCommand } = await import("./run-command.ts");
  process.exitCode = await runCommand(process.argv.slice(2));
}
