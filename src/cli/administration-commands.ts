import type { CommandDefinition } from "./command-definition.ts";

const SECRET = { name: "secret", description: "Secrets of an environment." } as const;

/** Commands that set an environment up. */
export function administrationCommands(): readonly CommandDefinition[] {
  return [
    {
      name: "env <environment>",
      description: "Print variables that point gcloud at an environment of the embedded cloud.",
      examples: ['eval "$(mobius env staging)" && gcloud builds list', "mobius env staging --json"],
      run: async (context, [environment = ""]) => (await import("./commands/env.ts")).env(context, environment),
    },
    {
      name: "set <name>",
      group: SECRET,
      description: "Add a version to a secret; the value is read from standard input.",
      examples: [
        "printf '%s' \"$VALUE\" | mobius secret set jwt-secret --env staging",
        "mobius secret set key --env staging < key.bin",
      ],
      options: (command) => command.requiredOption("--env <environment>", "the environment whose secret it is"),
      run: async (context, [name = ""], given) =>
        (await import("./commands/secret.ts")).setSecret(context, name, String(given.env)),
    },
  ];
}
