import { planText } from "../../core/views/plan-text.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";
import { followAnswer } from "./release.ts";

export interface RollbackOptions {
  readonly environment: string;
  readonly to?: string;
  readonly plan?: string;
  /** Show the plan and do nothing. */
  readonly kind: "plan" | "rollback";
}

/** Gives an environment's traffic back to a set that it had, after showing what that changes. */
export async function rollback(context: CommandContext, options: RollbackOptions): Promise<number> {
  const { environment, to, plan: wanted, kind } = options;
  const target = to === undefined ? {} : { to };
  const planned = await context.server.planRollback(environment, target);
  if (!planned.ok) return report(context, planned.error);
  const { plan } = planned.value;
  if (kind === "plan" && context.json) context.out(JSON.stringify(plan, undefined, 2));
  else if (kind === "plan") context.out(planText(plan));
  else context.err(planText(plan));
  if (kind === "plan") return EXIT.success;
  // What was shown is what is done: where the world moves meanwhile, the server refuses.
  const answer = await context.server.rollback(environment, {
    ...target,
    plan: wanted ?? plan.digest,
    requestId: context.ids.uuid(),
  });
  return answer.ok ? followAnswer(context, answer.value, "that set") : report(context, answer.error);
}
