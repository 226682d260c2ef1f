import { summaryLine } from "../../core/views/plan-text.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { CommandContext } from "../command-context.ts";
import { type FollowContext, followRelease } from "../follow-release.ts";
import { manifestNotCommitted, manifestNotPushed } from "../problems.ts";
import { report } from "../report.ts";
import type { ReleaseAnswer } from "../server-client.ts";
import { readUmbrellaFile } from "../umbrella-files.ts";

export interface ReleaseOptions {
  readonly manifest: string;
  readonly environment?: string;
  readonly plan?: string;
  readonly drop: readonly string[];
}

/** Releases a manifest that is committed and pushed, and follows it to its end. */
export async function release(context: CommandContext, options: ReleaseOptions): Promise<number> {
  const manifest = await readUmbrellaFile(context, options.manifest);
  if (!manifest.ok) return report(context, [manifest.error]);
  const { path } = manifest.value;
  const at = await context.git.commitOf(path);
  if (at.kind === "not-committed" || at.kind === "no-repository") return report(context, [manifestNotCommitted(path)]);
  if (at.kind === "not-pushed") return report(context, [manifestNotPushed(path)]);
  const answer = await context.server.release({
    manifest: path,
    commit: at.commit,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    ...(options.plan === undefined ? {} : { plan: options.plan }),
    drop: options.drop,
    requestId: context.ids.uuid(),
  });
  if (!answer.ok) return report(context, answer.error);
  return followAnswer(context, answer.value, path);
}

/** Follows what was asked for, or says that there is nothing to do. `what` is what the environment has already. */
export async function followAnswer(context: FollowContext, answer: ReleaseAnswer, what: string): Promise<number> {
  if (!("nothingToDo" in answer)) return followRelease(context, answer.release.id);
  const { plan } = answer;
  if (context.json) context.out(JSON.stringify({ apiVersion: "mobius/v1", nothingToDo: true, plan }, undefined, 2));
  else context.out(`Nothing to do: ${plan.environment} has what ${what} says (${summaryLine(plan)}).`);
  return EXIT.success;
}
