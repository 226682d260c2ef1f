import { Option } from "commander";
import { EARLIER_LEDGERS } from "../core/migrations/plan-baseline.ts";
import { type CommandDefinition, collect } from "./command-definition.ts";

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
      name: "baseline <environment> <module>",
      group: MIGRATIONS,
      description: "Take into the ledger what the module's database has already, without running it.",
      examples: [
        'mobius migrations baseline staging mobius-chat --from schema_migrations --reason "migrated by scripts so far" --dry-run',
        'mobius migrations baseline staging mobius-os --from alembic_version --reason "migrated by alembic so far"',
        'mobius migrations baseline staging mobius-chat --through db/schema/063_threads.sql --reason "looked at each table"',
      ],
      options: (command) =>
        command
          .requiredOption("--reason <reason>", "why")
          .addOption(
            new Option("--from <table>", "what another tool's table in the database says").choices(EARLIER_LEDGERS),
          )
          .option("--through <migration>", "this one and all before it: SQL files by name, revisions by their chain")
          .option("--only <migration>", "this one; may be given more than once", collect, [])
          .option(
            "--commit <ref>",
            "the module's commit, tag or branch whose files these are (default: its remote's head)",
          )
          .option("--dry-run", "show what would be written"),
      run: async (context, [environment = "", name = ""], given) =>
        (await import("./commands/migrations.ts")).baselineMigrations(context, environment, {
          name,
          ...(given.from === undefined ? {} : { from: String(given.from) }),
          ...(given.through === undefined ? {} : { through: String(given.through) }),
          ...((given.only as readonly string[]).length === 0 ? {} : { only: given.only as readonly string[] }),
          ...(given.commit === undefined ? {} : { commit: String(given.commit) }),
          reason: String(given.reason),
          dryRun: given.dryRun === true,
        }),
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
