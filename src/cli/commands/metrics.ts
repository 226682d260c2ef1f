import { metricsText } from "../../core/views/metrics-text.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { report } from "../report.ts";

/** Shows how the services of an environment answered in the last so many minutes. */
export async function metrics(
  context: CommandContext,
  environment: string,
  asked: { readonly minutes: number; readonly service?: string },
): Promise<number> {
  const query = new URLSearchParams({ minutes: String(asked.minutes) });
  if (asked.service !== undefined) query.set("service", asked.service);
  const answer = await context.server.metrics(environment, query);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : metricsText(answer.value));
  return EXIT.success;
}
