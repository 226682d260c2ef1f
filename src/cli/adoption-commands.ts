import type { CommandDefinition } from "./command-definition.ts";

/** Commands that bring an existing platform here. */
export function adoptionCommands(): readonly CommandDefinition[] {
  return [
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
  ];
}
