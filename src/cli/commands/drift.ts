import { type DriftView, driftText } from "../../core/views/drift-view.ts";
import { revertText } from "../../core/views/revert-view.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** Shows how what is live differs from what was released: 7 where it does, 9 where that could not be found out. */
export async function drift(context: CommandContext, environment: string): Promise<number> {
  const answer = await context.server.drift.look(environment);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : driftText(answer.value));
  return exitOf(answer.value);
}

/** Makes what drifted be as it was released again; ends as `drift` does, by what is left. */
export async function revertDrift(context: CommandContext, environment: string, reason: string): Promise<number> {
  const answer = await context.server.drift.revert(environment, { reason });
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : revertText(answer.value));
  return exitOf(answer.value.drift);
}

function exitOf({ state }: DriftView): number {
  if (state === "drifted") return EXIT.differences;
  return state === "unknown" ? EXIT.unreachable : EXIT.success;
}

/** Lets a difference be until the moment given. */
export async function ignoreDrift(
  context: CommandContext,
  environment: string,
  body: { readonly drift: string; readonly reason: string; readonly until: string },
): Promise<number> {
  const answer = await context.server.govern(environment, "ignoreDrift", body);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value) : `${body.drift} is ignored until ${body.until}.`);
  return EXIT.success;
}
