import { type Command, InvalidArgumentError, Option } from "commander";
import { IDENTITY_NAMES } from "../core/identity/grants.ts";
import type { CommandDefinition } from "./command-definition.ts";

const IDENTITY = { name: "identity", description: "Identities of an environment and what they may do." } as const;
const AUDIT = { name: "audit", description: "The record of what was refused and what was changed." } as const;

/** Commands about who may do what, and who did. */
export function accessCommands(): readonly CommandDefinition[] {
  return [...identityCommands(), ...auditCommands()];
}

function identityCommands(): readonly CommandDefinition[] {
  const onResource = (command: Command) =>
    command.option("--on <resource>", "projects/P/… (default: the environment's whole project)");
  const change = (what: "grant" | "revoke"): CommandDefinition => ({
    name: `${what} <environment> <identity> <role>`,
    group: IDENTITY,
    description:
      what === "grant" ? "Give an identity a role besides those of the platform file." : "Take a granted role back.",
    examples: [
      `mobius identity ${what} staging build roles/secretmanager.secretAccessor --on projects/mobius-staging/secrets/npm-token`,
    ],
    options: onResource,
    run: async (context, [environment = "", identity = "", role = ""], { on }) =>
      (await import("./commands/identity.ts")).changeGrant(context, {
        change: what,
        environment,
        identity,
        role,
        ...(typeof on === "string" ? { resource: on } : {}),
      }),
  });
  return [
    {
      name: "list <environment>",
      group: IDENTITY,
      description: "Show the identities, what each may do, and which secrets it reads.",
      examples: [
        "mobius identity list staging",
        "mobius identity list staging --markdown > docs/staging_iam_and_secrets.md",
      ],
      options: (command) => command.option("--markdown", "print the document docs/<environment>_iam_and_secrets.md"),
      run: async (context, [environment = ""], { markdown }) =>
        (await import("./commands/identity.ts")).listIdentities(
          context,
          environment,
          markdown === true ? "markdown" : "text",
        ),
    },
    {
      name: "test <environment> <permission> [resource]",
      group: IDENTITY,
      description: "Say whether an identity has a permission, and why; exit code 1 where it has not.",
      examples: [
        "mobius identity test staging run.services.create",
        "mobius identity test staging --identity runtime secretmanager.versions.access projects/mobius-staging/secrets/jwt-secret",
      ],
      options: (command) =>
        command.addOption(
          new Option("--identity <identity>", "which identity is asked about")
            .choices(IDENTITY_NAMES)
            .default("deploy"),
        ),
      run: async (context, [environment = "", permission = "", resource], given) =>
        (await import("./commands/identity.ts")).testIdentity(context, {
          environment,
          identity: String(given.identity),
          permission,
          ...(resource === undefined ? {} : { resource }),
        }),
    },
    change("grant"),
    change("revoke"),
  ];
}

function auditCommands(): readonly CommandDefinition[] {
  return [
    {
      name: "list",
      group: AUDIT,
      description: "Show the last rows: refused calls, and changes by people and identities.",
      examples: ["mobius audit list", "mobius audit list --since 2026-11-27T09:00:00Z --json"],
      options: (command) =>
        command
          .option("--since <time>", "leave out what is older", timeText)
          .option("--limit <rows>", "at most so many rows, up to 1000", "100"),
      run: async (context, _args, { since, limit }) =>
        (await import("./commands/audit.ts")).listAudit(context, {
          limit: String(limit),
          ...(typeof since === "string" ? { since } : {}),
        }),
    },
    {
      name: "verify",
      group: AUDIT,
      description: "Compute the chain of rows again; exit code 1 names the first row that is broken.",
      examples: ["mobius audit verify"],
      run: async (context) => (await import("./commands/audit.ts")).verifyAudit(context),
    },
    {
      name: "export",
      group: AUDIT,
      description: "Print all rows, one JSON document a line.",
      examples: ["mobius audit export > audit.ndjson"],
      run: async (context) => (await import("./commands/audit.ts")).exportAudit(context),
    },
  ];
}

function timeText(value: string): string {
  if (Number.isNaN(Date.parse(value))) throw new InvalidArgumentError("a time such as 2026-11-27T09:00:00Z");
  return value;
}
