import { baselineText } from "../../core/views/baseline-view.ts";
import { type MigrationsView, migrationsText } from "../../core/views/migrations-view.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { baselineUnsaid, outcomeUnsaid } from "../problems.ts";
import { report } from "../report.ts";
import type { Answer } from "../server-client.ts";

/** Shows what an environment's migration ledgers hold. */
export async function listMigrations(context: CommandContext, environment: string): Promise<number> {
  return show(context, await context.server.migrations(environment));
}

/** Settles a dirty migration. Exactly one outcome has to be said: nothing is guessed about a database. */
export async function resolveMigration(
  context: CommandContext,
  environment: string,
  {
    outcomes,
    ...said
  }: {
    readonly identifier: string;
    readonly outcomes: readonly ("applied" | "not-applied")[];
    readonly reason: string;
    readonly database?: string;
    readonly module?: string;
  },
): Promise<number> {
  const [outcome, ...others] = outcomes;
  if (outcome === undefined || others.length > 0) {
    return report(context, [outcomeUnsaid(environment, said.identifier)]);
  }
  return show(context, await context.server.settleMigration(environment, { ...said, outcome }));
}

/** Takes a database over that something else migrated so far. */
export async function baselineMigrations(
  context: CommandContext,
  environment: string,
  request: {
    readonly name: string;
    readonly from?: string;
    readonly through?: string;
    readonly only?: readonly string[];
    readonly commit?: string;
    readonly reason: string;
    readonly dryRun: boolean;
  },
): Promise<number> {
  const said = [request.from, request.through, request.only].filter((each) => each !== undefined);
  if (said.length !== 1) return report(context, [baselineUnsaid(environment)]);
  const answer = await context.server.baselineMigrations(environment, request);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : baselineText(answer.value));
  return EXIT.success;
}

function show(context: CommandContext, answer: Answer<MigrationsView>): number {
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : migrationsText(answer.value));
  return EXIT.success;
}
