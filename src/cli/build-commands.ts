import { type Command, InvalidArgumentError } from "commander";
import type { CommandDefinition } from "./command-definition.ts";

const BUILD = { name: "build", description: "Builds, and build configurations." } as const;

/** Builds of any repository on the embedded engine. They talk to the server and need no umbrella. */
export function buildCommands(): readonly CommandDefinition[] {
  const project = (command: Command) => command.option("--project <project>", "whose builds", "local");
  return [
    {
      name: "submit",
      group: BUILD,
      needs: "anywhere",
      description: "Run a Cloud Build configuration on the folder (--dir, default here), with its log as it comes.",
      examples: [
        "mobius build submit --config cloudbuild.yaml",
        "mobius build submit --dir ../api --substitutions _ENV=dev,_TAG=v1",
      ],
      options: (command) =>
        project(command)
          .option("--config <file>", "the build configuration", "cloudbuild.yaml")
          .option("--substitutions <list>", "NAME=value, separated by commas", substitutions, {})
          .option("--no-source", "begin in an empty workspace")
          .option("--async", "do not wait for its end"),
      run: async (context, _args, given) =>
        (await import("./commands/build.ts")).buildSubmit(context, {
          project: String(given.project),
          config: String(given.config),
          substitutions: given.substitutions as Record<string, string>,
          source: given.source === false ? "none" : "folder",
          wait: given.async === true ? "none" : "until-end",
        }),
    },
    {
      name: "list",
      group: BUILD,
      needs: "anywhere",
      description: "List the newest builds of a project.",
      examples: ["mobius build list", "mobius build list --project mobius-staging --json"],
      options: project,
      run: async (context, _args, given) =>
        (await import("./commands/build.ts")).buildList(context, String(given.project)),
    },
    {
      name: "log <build>",
      group: BUILD,
      needs: "anywhere",
      description: "Print a build's log.",
      examples: ["mobius build log 3f2a9c11-…"],
      run: async (context, [id = ""]) => (await import("./commands/build.ts")).buildLog(context, id),
    },
    {
      name: "cancel <build>",
      group: BUILD,
      needs: "anywhere",
      description: "End a build.",
      examples: ["mobius build cancel 3f2a9c11-…"],
      options: project,
      run: async (context, [id = ""], given) =>
        (await import("./commands/build.ts")).buildCancel(context, String(given.project), id),
    },
  ];
}

/** `_A=1,_B=x=y`; a comma cannot be part of a value, as with gcloud. */
function substitutions(list: string, earlier: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const pairs = list.split(",").map((pair) => {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
    if (name === "") throw new InvalidArgumentError(`"${pair}" is not NAME=value`);
    return [name, value] as const;
  });
  return { ...earlier, ...Object.fromEntries(pairs) };
}
