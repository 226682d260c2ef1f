/**
 * The command line: every command with its options, help and examples. A command's code is loaded when it is run.
 */
import { Command } from "commander";
import { accessCommands } from "./access-commands.ts";
import { administrationCommands } from "./administration-commands.ts";
import { adoptionCommands } from "./adoption-commands.ts";
import { buildCommands } from "./build-commands.ts";
import type { CommandContext, DemoParts } from "./command-context.ts";
import type { CommandDefinition, CommonOptions } from "./command-definition.ts";
import { decisionCommands } from "./decision-commands.ts";
import { fileCommands } from "./file-commands.ts";
import { migrationCommands } from "./migration-commands.ts";
import { notificationCommands } from "./notification-commands.ts";
import { recordCommands } from "./record-commands.ts";
import { releaseCommands } from "./release-commands.ts";
import { type ServerCommandParts, serverCommands } from "./server-commands.ts";
import { triggerCommands } from "./trigger-commands.ts";

export interface ProgramOptions {
  readonly version: string;
  /** Makes a command's context from the common options; a number is the exit code of what kept it from it. */
  readonly context: (
    options: CommonOptions,
    needs: NonNullable<CommandDefinition["needs"]>,
  ) => Promise<CommandContext | number>;
  readonly demo: DemoParts;
  /** Serves until it is told to stop. */
  readonly serve: ServerCommandParts["serve"];
  readonly errorSection: (code: string) => Promise<string | undefined>;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** The program; `parse` resolves with the exit code. */
export function createProgram(options: ProgramOptions): { parse: (argv: readonly string[]) => Promise<number> } {
  let exit = 0;
  const program = new Command("mobius")
    .description("One manifest in, the whole platform released.")
    .version(options.version)
    .showSuggestionAfterError()
    // A group may be a command of its own: what stands behind a command's name is that command's.
    .enablePositionalOptions()
    .configureOutput({ writeOut: options.writeOut, writeErr: options.writeErr })
    .exitOverride();
  const add = (definition: CommandDefinition) => {
    const parent = definition.group === undefined ? program : groupOf(program, definition.group);
    const command = parent.command(definition.name).description(definition.description);
    addCommon(command);
    definition.options?.(command);
    command.addHelpText("after", `\nExamples:\n${definition.examples.map((example) => `  $ ${example}`).join("\n")}\n`);
    command.action(async (...args: unknown[]) => {
      const given = command.opts<CommonOptions & Record<string, unknown>>();
      const context = await options.context(given, definition.needs ?? "umbrella");
      exit =
        typeof context === "number" ? context : await definition.run(context, args.slice(0, -2) as string[], given);
    });
  };
  for (const definition of [
    ...adoptionCommands(),
    ...fileCommands(),
    ...releaseCommands(),
    ...decisionCommands(),
    ...recordCommands(),
    ...migrationCommands(),
    ...buildCommands(),
    ...administrationCommands(),
    ...accessCommands(),
    ...triggerCommands(),
    ...notificationCommands(),
    ...serverCommands(options),
  ])
    add(definition);
  addHelpErrors(program, options, (code) => {
    exit = code;
  });
  return {
    async parse(argv) {
      try {
        // `help errors <code>` reads well; the library's own `help` only knows commands.
        const isHelpOnError = argv[0] === "help" && argv[1] === "errors" && argv[2] !== undefined;
        await program.parseAsync(isHelpOnError ? argv.slice(1) : [...argv], { from: "user" });
        return exit;
      } catch (cause) {
        if (isCommanderError(cause)) return cause.exitCode === 0 ? 0 : 2;
        throw cause;
      }
    },
  };
}

function addCommon(command: Command): void {
  command
    .option("--dir <dir>", "the umbrella's folder (default: the nearest one with mobius.yaml)")
    .option("--server <url>", "the server (default: MOBIUS_SERVER, or http://127.0.0.1:7070)")
    .option("--as <person>", "act as a person whose token this account keeps")
    .option("--json", "print one JSON document")
    .option("--no-input", "never ask")
    .option("--no-color", "no colours");
}

function groupOf(program: Command, { name, description }: NonNullable<CommandDefinition["group"]>): Command {
  const known = program.commands.find((command) => command.name() === name);
  return known ?? program.command(name).description(description).exitOverride();
}

function addHelpErrors(program: Command, options: ProgramOptions, end: (exit: number) => void): void {
  program
    .command("errors <code>")
    .description("Explain an error by its code.")
    .action(async (code: string) => {
      const section = await options.errorSection(code);
      if (section === undefined)
        options.writeErr(`There is no error "${code}". All of them stand in docs/errors.md.\n`);
      else options.writeOut(`${section}\n`);
      end(section === undefined ? 2 : 0);
    });
}

function isCommanderError(cause: unknown): cause is { exitCode: number } {
  return cause instanceof Error && "exitCode" in cause && "code" in cause;
}
