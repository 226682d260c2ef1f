import { formatDuration } from "../core/values/time.ts";
import type { ReleaseStateName, ReleaseView } from "../core/views/release-view.ts";
import { EXIT } from "../ports/api/exit-codes.ts";
import type { CommandContext } from "./command-context.ts";
import { report } from "./report.ts";

/** What of a command's context following needs: the demo follows on a server of its own. */
export type FollowContext = Pick<CommandContext, "json" | "out" | "err" | "server" | "signal" | "clock">;

/** Exit code by how a release ended. */
const EXITS: Partial<Record<ReleaseStateName, number>> = {
  succeeded: EXIT.success,
  failed: EXIT.failed,
  cancelled: EXIT.failed,
  "rolled-back": EXIT.rolledBack,
  "rollback-failed": EXIT.failed,
};

/** A connection that broke is taken up again this often without anything new in between. */
const RECONNECTS = 5;
const RECONNECT_MS = 500;

/** Shows a release's events as they come and ends with it; Ctrl-C leaves it going on. */
export async function followRelease(context: FollowContext, id: string): Promise<number> {
  const startedMs = context.clock.monotonicMs();
  let after = 0;
  for (let silent = 0; silent < RECONNECTS; silent += 1) {
    for await (const event of context.server.events(id, after, context.signal)) {
      after = event.sequence;
      silent = 0;
      if (event.line !== undefined) context.err(event.line);
    }
    if (context.signal.aborted) return detached(context, id);
    const release = await context.server.get(id);
    if (release.ok && release.value.isFinished) return finished(context, release.value, startedMs);
    await context.clock.sleep(RECONNECT_MS, context.signal);
  }
  return detached(context, id);
}

function finished(context: FollowContext, release: ReleaseView, startedMs: number): number {
  if (context.json) context.out(JSON.stringify(release, undefined, 2));
  else {
    context.out(`${release.id} ${release.state} after ${formatDuration(context.clock.monotonicMs() - startedMs)}`);
    if (release.problem !== undefined) {
      report(context, [release.problem]);
      context.err(`  next:  mobius explain ${release.id}`);
    }
  }
  return EXITS[release.state] ?? EXIT.failed;
}

function detached(context: FollowContext, id: string): number {
  context.err(`${id} goes on. Follow it: mobius watch ${id}   Stop it: mobius cancel ${id}`);
  return EXIT.detached;
}
