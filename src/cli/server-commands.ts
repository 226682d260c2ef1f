import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext, DemoParts, ExecutorKind } from "./command-context.ts";
import type { CommandDefinition } from "./command-definition.ts";

const DEFAULT_PORT = 7070;
const EXECUTORS: readonly ExecutorKind[] = ["auto", "host", "docker", "oci"];

/** What the commands that run a server in this process are given. */
export interface ServerCommandParts {
  readonly demo: DemoParts;
  /** Serves until it is told to stop. */
  readonly serve: (context: CommandContext, request: { port: number; executor: ExecutorKind }) => Promise<number>;
}

/** Commands that run a server. */
export function serverCommands(parts: ServerCommandParts): readonly CommandDefinition[] {
  const serving = (command: Command) =>
    command
      .option("--port <port>", "where to serve", portNumber, DEFAULT_PORT)
      .addOption(new Option("--executor <kind>", "what runs the steps of builds").choices(EXECUTORS).default("auto"));
  return [
    {
      name: "demo",
      description: "Release the sample platform on this machine and serve it.",
      examples: ["mobius demo", "mobius demo --once --dir /tmp/sample --port 8080"],
      needs: "folder",
      options: (command) => serving(command).option("--once", "stop everything after the release"),
      run: async (context, _args, given) =>
        (await import("./commands/demo.ts")).demo(context, parts.demo, {
          port: given.port as number,
          executor: given.executor as ExecutorKind,
          until: given.once === true ? "released" : "interrupted",
        }),
    },
    {
      name: "serve",
      description: "Run the server and the board for this umbrella.",
      examples: ["mobius serve", "mobius serve --port 8080"],
      options: serving,
      run: (context, _args, given) =>
        parts.serve(context, { port: given.port as number, executor: given.executor as ExecutorKind }),
    },
  ];
}

function portNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new InvalidArgumentError("a number from 1 to 65535");
  return number;
}
