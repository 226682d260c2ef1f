import type { Problem } from "../core/values/problem.ts";
import { err, ok } from "../core/values/result.ts";
import type { ReleaseSummary } from "../core/views/release-view.ts";
import type { CommandContext } from "./command-context.ts";
import { releaseUnclear } from "./problems.ts";
import type { Answer } from "./server-client.ts";

/** A trigger's build takes seconds until it opens its release. */
const BEGIN_MS = 60_000;
const LOOK_MS = 250;

type Choosing = Pick<CommandContext, "server" | "clock" | "signal">;

/** The release that is named, or without a name the newest. */
export async function chooseRelease(context: Choosing, name: string | undefined): Promise<Answer<string>> {
  if (name !== undefined) return ok(name);
  const releases = await context.server.list();
  if (!releases.ok) return releases;
  const [newest] = releases.value;
  return newest === undefined ? unclear("There is no release yet.") : ok(newest.id);
}

/**
 * The release that is named; without a name the newest that is under way, or else the next that begins within a minute.
 * One that waits at its gates is not under way: that can be days.
 */
export async function chooseUnderWay(context: Choosing, name: string | undefined): Promise<Answer<string>> {
  if (name !== undefined) return ok(name);
  const end = context.clock.monotonicMs() + BEGIN_MS;
  let newest: string | undefined;
  for (let look = 0; context.clock.monotonicMs() < end && !context.signal.aborted; look += 1) {
    const releases = await context.server.list();
    if (!releases.ok) return releases;
    const underWay = releases.value.find((release) => !release.isFinished && release.state !== "waiting");
    if (underWay !== undefined) return ok(underWay.id);
    const [last] = releases.value;
    // It began and ended, or came to its gates, between two looks.
    if (look > 0 && last !== undefined && last.id !== newest) return ok(last.id);
    newest = last?.id;
    await context.clock.sleep(LOOK_MS, context.signal);
  }
  return unclear("None is under way, and none began within a minute.");
}

/** The release that is named, or without a name the only one that has not ended. */
export async function chooseUnfinished(context: Choosing, name: string | undefined): Promise<Answer<string>> {
  if (name !== undefined) return ok(name);
  const releases = await context.server.list();
  if (!releases.ok) return releases;
  const unfinished = releases.value.filter((release: ReleaseSummary) => !release.isFinished);
  const [only] = unfinished;
  if (only !== undefined && unfinished.length === 1) return ok(only.id);
  const ids = unfinished.map(({ id }) => id).join(", ");
  return unclear(only === undefined ? "None is left that has not ended." : `These have not ended: ${ids}.`);
}

function unclear(why: string): Answer<never> {
  const problems: readonly Problem[] = [releaseUnclear(why)];
  return err(problems);
}
