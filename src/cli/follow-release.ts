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

/**
 * Shows a release's events as they come and ends with it; Ctrl-C leaves it going on. Whoever asked for the release goes
 * when it waits at its gates: that can be days. Whoever watches it, waits with it.
 */
export async function followRelease(
  context: FollowContext,
  id: string,
  until: "ended" | "waiting" = "waiting",
): Promise<number> {
  const startedMs = context.clock.monotonicMs();
  let after = 0;
  for (let silent = 0; silent < RECONNECTS; silent += 1) {
    for await (const event of context.server.events(id, after, context.signal)) {
      after = event.sequence;
      silent = 0;
      if (event.line !== undefined) context.err(event.line);
      if (event.type === "gates-closed" && until === "waiting") {
        const waiting = await context.server.get(id);
        if (waiting.ok && waiting.value.state === "waiting") return waits(context, waiting.value);
      }
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

/** 6 where a person is needed, 5 where only time or another release opens the gate. */
function waits(context: FollowContext, release: ReleaseView): number {
  if (context.json) context.out(JSON.stringify(release, undefined, 2));
  else {
    context.out(`${release.id} waits`);
    for (const { gate, reason, since, opens } of release.gates) {
      context.out(`  ${gate}: ${reason} Since ${since}.\n    ${opens}`);
    }
    context.err(`  It goes on by itself once every gate is open. Follow it: mobius watch ${release.id}`);
  }
  return release.gates.some(({ waitsFor }) => waitsFor === "person") ? EXIT.waiting : EXIT.conflict;
}

function detached(context: FollowContext, id: string): number {
  context.err(`${id} goes on. Follow it: mobius watch ${id}   Stop it: mobius cancel ${id}`);
  return EXIT.detached;
}
