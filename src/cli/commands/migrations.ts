import { type MigrationsView, migrationsText } from "../../core/views/migrations-view.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { outcomeUnsaid } from "../problems.ts";
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

function show(context: CommandContext, answer: Answer<MigrationsView>): number {
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : migrationsText(answer.value));
  return EXIT.success;
}
