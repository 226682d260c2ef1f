import { type Command, InvalidArgumentError } from "commander";
import type { CommandDefinition } from "./command-definition.ts";
import type { TriggerKind } from "./commands/trigger-create.ts";

const TRIGGER = { name: "trigger", description: "Triggers, which start releases and builds from outside." } as const;
const DEFAULT_BRANCH = "main";

/** Commands for triggers of builds. */
export function triggerCommands(): readonly CommandDefinition[] {
  const substitution = (command: Command) =>
    command.option("--substitution <NAME=value>", "a value of the build; may be given again", collect, {});
  return [
    {
      name: "create <kind>",
      group: TRIGGER,
      description: "Make a trigger: webhook (an address with a secret), push (for a git host's webhook) or manual.",
      examples: [
        "mobius trigger create webhook --name staging --substitution _RELEASE_MANIFEST=release-manifests/2026-01-15-staging.yaml",
        "mobius trigger create push --name main --branch main --substitution _RELEASE_MANIFEST=release-manifests/next.yaml",
        "mobius trigger create manual --name nightly --config cloudbuild.nightly.yaml --env staging",
      ],
      options: (command) =>
        substitution(command)
          .requiredOption("--name <name>", "1 to 64 letters, digits and -")
          .option("--env <environment>", "whose project it is in; default: the manifest's, or the first")
          .option("--config <file>", "its build; default: the environment's release")
          .option("--branch <branch>", "with push: the branch", DEFAULT_BRANCH)
          .option("--secret <secret>", "a secret of the environment, name or name/version; default: a new one")
          .option("--require-approval", "its builds wait until somebody approves"),
      run: async (context, [kind = ""], given) =>
        (await import("./commands/trigger-create.ts")).createTrigger(context, {
          kind: kindOf(kind),
          name: String(given.name),
          substitutions: given.substitution as Record<string, string>,
          branch: String(given.branch),
          approval: given.requireApproval === true ? "needed" : "none",
          ...(given.env === undefined ? {} : { environment: String(given.env) }),
          ...(given.secret === undefined ? {} : { secret: String(given.secret) }),
          ...(given.config === undefined ? {} : { config: String(given.config) }),
        }),
    },
    {
      name: "list",
      group: TRIGGER,
      description: "List the triggers of all environments.",
      examples: ["mobius trigger list", "mobius trigger list --json"],
      run: async (context) => (await import("./commands/trigger.ts")).listTriggers(context),
    },
    {
      name: "run <name>",
      group: TRIGGER,
      description: "Run a trigger now.",
      examples: [
        "mobius trigger run staging --substitution _RELEASE_MANIFEST=release-manifests/2026-01-16-staging.yaml",
      ],
      options: substitution,
      run: async (context, [name = ""], given) =>
        (await import("./commands/trigger.ts")).runTrigger(context, name, given.substitution as Record<string, string>),
    },
    {
      name: "deliveries <name>",
      group: TRIGGER,
      description: "List what reached a trigger, newest first, with its build or the reason for none.",
      examples: ["mobius trigger deliveries staging", "mobius trigger deliveries staging --json"],
      run: async (context, [name = ""]) => (await import("./commands/trigger.ts")).listDeliveries(context, name),
    },
    {
      name: "delete <name>",
      group: TRIGGER,
      description: "Remove a trigger and its own secret; its address then answers 404.",
      examples: ["mobius trigger delete staging"],
      run: async (context, [name = ""]) => (await import("./commands/trigger.ts")).deleteTrigger(context, name),
    },
  ];
}

function kindOf(text: string): TriggerKind {
  if (text === "webhook" || text === "push" || text === "manual") return text;
  throw new InvalidArgumentError("webhook, push or manual");
}

function collect(text: string, earlier: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Z_][A-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("NAME=value");
  return { ...earlier, [name]: value };
}
