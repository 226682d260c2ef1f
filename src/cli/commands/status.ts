import type { CanaryStepView, Explanation, ReleaseSummary } from "../../core/views/release-view.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import { chooseRelease, chooseUnderWay, chooseUnfinished } from "../choose-release.ts";
import type { CommandContext } from "../command-context.ts";
import { followRelease } from "../follow-release.ts";
import { report } from "../report.ts";

/** All releases, newest first, or one of them. */
export async function status(context: CommandContext, release: string | undefined): Promise<number> {
  if (release !== undefined) return statusOf(context, release);
  const answer = await context.server.list();
  if (!answer.ok) return report(context, answer.error);
  const { value } = answer;
  if (context.json) context.out(JSON.stringify(value, undefined, 2));
  else
    context.out(value.length === 0 ? "No release yet. Make one: mobius release <manifest>" : value.map(row).join("\n"));
  if (!context.json) await sayWhatFailed(context);
  return EXIT.success;
}

/** A notification that was given up holds up no release, so somebody has to be told here. */
async function sayWhatFailed(context: CommandContext): Promise<void> {
  const channels = await context.server.channels();
  const failed = channels.ok ? channels.value.filter((channel) => channel.failed > 0) : [];
  for (const { channel, failed: count } of failed) {
    context.err(`${count} notifications did not reach ${channel}: mobius notifications list --failed`);
  }
}

async function statusOf(context: CommandContext, name: string): Promise<number> {
  const answer = await context.server.get(name);
  if (!answer.ok) return report(context, answer.error);
  const { value } = answer;
  if (context.json) context.out(JSON.stringify(value, undefined, 2));
  else {
    const names = value.phases.map(({ phase, subject }) => (subject === undefined ? phase : `${phase} ${subject}`));
    const width = Math.max(0, ...names.map((each) => each.length));
    const phases = value.phases.map(
      ({ state, summary }, index) => `  ${state.padEnd(9)} ${(names[index] ?? "").padEnd(width)}  ${summary ?? ""}`,
    );
    context.out([row(value), ...phases, ...(value.canary ?? []).map(canaryRow)].join("\n"));
    if (value.problem !== undefined) report(context, [value.problem]);
  }
  return EXIT.success;
}

function row(release: ReleaseSummary): string {
  const { id, state, environment, manifest, requestedAt, requestedBy, rollbackTo } = release;
  const what = rollbackTo === undefined ? manifest : `back to ${rollbackTo}`;
  return `${id.padEnd(8)} ${state.padEnd(15)} ${environment.padEnd(11)} ${what}  ${requestedAt}  ${requestedBy}`;
}

function canaryRow({ step, percent, services, state, until, evidence }: CanaryStepView): string {
  const seen = evidence ?? (until === undefined ? "" : `until ${until}`);
  return `  ${state.padEnd(12)} canary step ${step}, ${percent} % of ${services.join(", ")}  ${seen}`.trimEnd();
}

/** Follows a release to its end; without a name the one under way, or the next. */
export async function watch(context: CommandContext, name: string | undefined): Promise<number> {
  const chosen = await chooseUnderWay(context, name);
  if (!chosen.ok) return report(context, chosen.error);
  const found = await context.server.get(chosen.value);
  return found.ok ? followRelease(context, found.value.id, "ended") : report(context, found.error);
}

/** What a release said (without a name the newest), or the whole log of its build. */
export async function logs(
  context: CommandContext,
  request: {
    readonly release?: string;
    readonly phase?: string;
    readonly subject?: string;
    readonly what: "release" | "build";
  },
): Promise<number> {
  const chosen = await chooseRelease(context, request.release);
  if (!chosen.ok) return report(context, chosen.error);
  const found = await context.server.get(chosen.value);
  if (!found.ok) return report(context, found.error);
  const { id, buildId } = found.value;
  const query = {
    ...(request.phase === undefined ? {} : { phase: request.phase }),
    ...(request.subject === undefined ? {} : { subject: request.subject }),
  };
  const isBuild = request.what === "build" && buildId !== undefined;
  const answer = isBuild ? await context.server.buildLog(buildId) : await context.server.log(id, query);
  if (!answer.ok) return report(context, answer.error);
  context.out((typeof answer.value === "string" ? answer.value : answer.value.text).trimEnd());
  return EXIT.success;
}

/** State, reason, what is waited for and what a person can do: one screen. */
export async function explainRelease(context: CommandContext, name: string | undefined): Promise<number> {
  const chosen = await chooseRelease(context, name);
  if (!chosen.ok) return report(context, chosen.error);
  const answer = await context.server.explain(chosen.value);
  if (!answer.ok) return report(context, answer.error);
  context.out(context.json ? JSON.stringify(answer.value, undefined, 2) : explanationText(answer.value));
  return EXIT.success;
}

function explanationText(explanation: Explanation): string {
  return [
    `${explanation.release} is ${explanation.state} since ${explanation.since}.`,
    `  why:       ${explanation.why}`,
    ...(explanation.waitingFor === undefined ? [] : [`  waits for: ${explanation.waitingFor}`]),
    `  next:      ${explanation.next}`,
    ...explanation.actions.map((action, index) => `  ${index === 0 ? "you can:  " : "          "} ${action}`),
  ].join("\n");
}

/** Stops a release in whatever state it is; what it began is put back first. */
export async function cancel(context: CommandContext, name: string | undefined, reason: string): Promise<number> {
  const chosen = await chooseUnfinished(context, name);
  if (!chosen.ok) return report(context, chosen.error);
  const answer = await context.server.cancel(chosen.value, reason);
  if (!answer.ok) return report(context, answer.error);
  if (context.json) context.out(JSON.stringify(answer.value, undefined, 2));
  else context.out(`${answer.value.id} is being cancelled. Follow it: mobius watch ${answer.value.id}`);
  return EXIT.success;
}
