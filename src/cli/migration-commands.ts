import type { CommandDefinition } from "./command-definition.ts";

const MIGRATIONS = { name: "migrations", description: "Migration ledgers: what is applied, and what is not settled." };

/** Commands about the migrations of an environment's databases. */
export function migrationCommands(): readonly CommandDefinition[] {
  return [
    {
      name: "list <environment>",
      group: MIGRATIONS,
      description: "Show the migration ledger of every database, and what is dirty.",
      examples: ["mobius migrations list staging", "mobius migrations list production --json"],
      run: async (context, [environment = ""]) =>
        (await import("./commands/migrations.ts")).listMigrations(context, environment),
    },
    {
      name: "resolve <environment> <migration>",
      group: MIGRATIONS,
      description: "Say how a migration stands that was started and never finished.",
      examples: [
        'mobius migrations resolve staging db/schema/054.sql --applied --reason "built the index by hand"',
        'mobius migrations resolve staging db/schema/054.sql --not-applied --reason "dropped what it had made"',
      ],
      options: (command) =>
        command
          .requiredOption("--reason <reason>", "why")
          .option("--applied", "all of it is there: it counts as applied")
          .option("--not-applied", "nothing of it is left: it runs again where a manifest names it")
          .option("--database <database>", "in which database, where its name is not enough")
          .option("--module <module>", "of which module, where its name is not enough"),
      run: async (context, [environment = "", identifier = ""], given) =>
        (await import("./commands/migrations.ts")).resolveMigration(context, environment, {
          identifier,
          outcomes: [
            ...(given.applied === true ? (["applied"] as const) : []),
            ...(given.notApplied === true ? (["not-applied"] as const) : []),
          ],
          reason: String(given.reason),
          ...(given.database === undefined ? {} : { database: String(given.database) }),
          ...(given.module === undefined ? {} : { module: String(given.module) }),
        }),
    },
  ];
}
