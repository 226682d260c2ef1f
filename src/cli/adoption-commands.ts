import { type CommandDefinition, collect } from "./command-definition.ts";

const DOCTOR = { name: "doctor", description: "Look for what would keep releases from working here." } as const;

/** Commands that bring an existing platform here. */
export function adoptionCommands(): readonly CommandDefinition[] {
  return [
    {
      name: "init",
      needs: "anywhere",
      description: "Write a first mobius.yaml and templates of manifests, from what is in this umbrella.",
      examples: ["mobius init", "mobius init --dir ~/mobius"],
      run: async (context) => (await import("./commands/init.ts")).init(context),
    },
    {
      name: "import <files...>",
      needs: "nearest",
      description: "Take services, settings, variables and secrets of a running platform into mobius.yaml.",
      examples: [
        "gcloud run services describe mobius-rag --format=export > rag.yaml && mobius import rag.yaml",
        "mobius import described/*.json mobius-chat/deploy/dev.env --write",
        "mobius import deploy/staging.env --service mobius-chat --project mobius-staging --region us-central1",
      ],
      options: (command) =>
        command
          .option("--env <environment>", "the environment of what does not say it")
          .option("--project <id>", "the project of what does not say it")
          .option("--region <region>", "the region of what does not say it")
          .option("--service <service>", "the service whose variables a file holds")
          .option("--write", "write mobius.yaml instead of showing it"),
      run: async (context, [files], given) =>
        (await import("./commands/import.ts")).importFiles(context, {
          files: files as unknown as readonly string[],
          said: {
            ...(given.env === undefined ? {} : { environment: String(given.env) }),
            ...(given.project === undefined ? {} : { project: String(given.project) }),
            ...(given.region === undefined ? {} : { region: String(given.region) }),
            ...(given.service === undefined ? {} : { service: String(given.service) }),
          },
          action: given.write === true ? "write" : "show",
        }),
    },
    {
      name: DOCTOR.name,
      needs: "nearest",
      description: `${DOCTOR.description} Changes nothing.`,
      examples: ["mobius doctor", "mobius doctor --json"],
      options: (command) => command.enablePositionalOptions(),
      run: async (context) => (await import("./commands/doctor.ts")).doctor(context),
    },
    {
      name: "scripts [modules...]",
      group: DOCTOR,
      description: "Run modules' own scripts with nothing outside reached, and say what each would touch.",
      examples: [
        "mobius doctor scripts --env staging",
        "mobius doctor scripts mobius-rag --script scripts/deploy.sh --env staging",
      ],
      options: (command) =>
        command
          .requiredOption("--env <environment>", "the environment that the scripts are for")
          .option("--script <path>", "a script that mobius.yaml does not name yet, relative to the module")
          .option("--arg <text>", "an argument instead of the manifest's path; may be repeated", collect, []),
      run: async (context, [modules], given) =>
        (await import("./commands/doctor-scripts.ts")).doctorScripts(context, {
          modules: (modules ?? []) as unknown as readonly string[],
          environment: String(given.env),
          args: given.arg as readonly string[],
          ...(given.script === undefined ? {} : { script: String(given.script) }),
        }),
    },
  ];
}
