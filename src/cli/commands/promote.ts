import { planText } from "../../core/views/plan-text.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { PromotionAnswer } from "../answers.ts";
import type { CommandContext } from "../command-context.ts";
import { overrideUnreadable, promotionUnclear } from "../problems.ts";
import { report } from "../report.ts";
import { followAnswer } from "./release.ts";

export interface PromoteOptions {
  /** A release's id, or a manifest's `release_id` or file. */
  readonly release?: string;
  /** What was proved last, instead of naming it. */
  readonly latest?: true;
  readonly to: string;
  readonly set: readonly string[];
  readonly plan?: string;
  /** Show the manifest and its plan and do nothing. */
  readonly kind: "plan" | "promote";
}

/** Shows what promoting would release, then promotes it: the release waits at the gates of its environment. */
export async function promote(context: CommandContext, options: PromoteOptions): Promise<number> {
  const { release, latest, to, set, plan: wanted, kind } = options;
  if ((release === undefined) === (latest === undefined)) return report(context, [promotionUnclear(to)]);
  const pairs = set.map((text) => /^([^=]+)=([\s\S]*)$/.exec(text));
  const unreadable = set.filter((_, index) => pairs[index] === null);
  if (unreadable.length > 0) return report(context, unreadable.map(overrideUnreadable));
  const overrides = Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
  const body = { overrides, ...(release === undefined ? {} : { release }) };
  const planned = await context.server.planPromotion(to, body);
  if (!planned.ok) return report(context, planned.error);
  const { value } = planned;
  if (kind === "plan") {
    context.out(context.json ? JSON.stringify(value, undefined, 2) : promotionText(value));
    return EXIT.success;
  }
  context.err(promotionText(value));
  const answer = await context.server.promote(to, {
    ...body,
    plan: wanted ?? value.plan.digest,
    requestId: context.ids.uuid(),
  });
  return answer.ok ? followAnswer(context, answer.value, value.source) : report(context, answer.error);
}

function promotionText({ source, manifest, plan, outlook }: PromotionAnswer): string {
  const short = (text: string) => text.replace(/@sha256:([0-9a-f]{12})[0-9a-f]+/, "@$1");
  const changes = manifest.changes.map(({ path, from, to }) => `  ${path.join(".")}: ${short(from)} → ${short(to)}`);
  return [`Promotes ${source} as ${manifest.file}`, ...changes, "", planText(plan, outlook)].join("\n");
}
