import { InvalidArgumentError } from "commander";
import { KEPT_MINUTES } from "../core/metrics/request-counts.ts";
import { durationMs } from "../core/yaml/scalars.ts";
import { type CommandDefinition, collect } from "./command-definition.ts";

/** Commands about what was released: where it is, how it does, what changed, and the files that say so. */
export function recordCommands(): readonly CommandDefinition[] {
  return [
    {
      name: "where <subject>",
      description: "Say which environments have a commit, tag, image or release, since when, or why not.",
      examples: [
        "mobius where 3f2a9c11d0e4",
        "mobius where mobius-chat@main --env production",
        "mobius where sha256:0123456789ab",
        "mobius where REL-7 --json",
      ],
      options: (command) =>
        command.option(
          "--env <environment>",
          "only this environment (repeatable); exit 1 where one lacks it",
          collect,
          [],
        ),
      run: async (context, [subject = ""], { env }) =>
        (await import("./commands/records.ts")).where(context, subject, env as string[]),
    },
    {
      name: "metrics <environment>",
      description: "Show requests, errors and latencies of each service and revision, and the releases of that time.",
      examples: ["mobius metrics staging", "mobius metrics production --since 6h --service mobius-rag --json"],
      options: (command) =>
        command
          .option("--since <duration>", "how far back: 1m to 24h", minutesOf, 60)
          .option("--service <service>", "only this service"),
      run: async (context, [environment = ""], { since, service }) =>
        (await import("./commands/metrics.ts")).metrics(context, environment, {
          minutes: Number(since),
          ...(service === undefined ? {} : { service: String(service) }),
        }),
    },
    {
      name: "prune <environment>",
      description: "Remove backups that the environment's policies let go, as the server does by itself every hour.",
      examples: ["mobius prune production --dry-run"],
      options: (command) => command.option("--dry-run", "show what would go, and remove nothing"),
      run: async (context, [environment = ""], { dryRun }) =>
        (await import("./commands/prune.ts")).prune(context, environment, { dryRun: dryRun === true }),
    },
    {
      name: "changelog <from> <to>",
      description: "Show commits, images, migrations and settings that differ between two releases or environments.",
      examples: ["mobius changelog REL-6 REL-7", "mobius changelog production staging --markdown"],
      options: (command) =>
        command
          .option("--markdown", "for a pull request or a page")
          .option("--limit <count>", "commits shown of each module, at most 1000", "50"),
      run: async (context, [from = "", to = ""], { markdown, limit }) =>
        (await import("./commands/records.ts")).changelog(context, {
          from,
          to,
          limit: String(limit),
          format: markdown === true ? "markdown" : "terminal",
        }),
    },
    {
      name: "export",
      group: { name: "records", description: "Release logs and the production build checklist." },
      description: "Write the records of all releases again, from the event log, into the umbrella's folder.",
      examples: ["mobius records export", "mobius records export --env staging --check"],
      options: (command) =>
        command
          .option("--env <environment>", "only releases to this environment")
          .option("--check", "write nothing; exit 1 where a file differs"),
      run: async (context, _args, { env, check }) =>
        (await import("./commands/records.ts")).exportRecords(context, {
          ...(env === undefined ? {} : { environment: String(env) }),
          purpose: check === true ? "check" : "write",
        }),
    },
  ];
}

/** A duration that people type, in whole minutes. */
function minutesOf(text: string): number {
  const read = durationMs().safeParse(text);
  const minutes = read.success ? Math.ceil(read.data / 60_000) : 0;
  if (minutes < 1 || minutes > KEPT_MINUTES)
    throw new InvalidArgumentError("a duration such as 30m or 6h, at most 24h");
  return minutes;
}
