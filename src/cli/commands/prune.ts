import { prunedText } from "../../core/views/pruned-view.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** Removes what the policies of an environment let go, or shows it. */
export async function prune(
  context: CommandContext,
  environment: string,
  options: { readonly dryRun: boolean },
): Promise<number> {
  const answer = await context.server.prune(environment, options);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : prunedText(answer.value));
  return EXIT.success;
}
