import type { Problem } from "../../core/values/problem.ts";
import { renderProblem } from "../../core/values/problem.ts";
import { EXIT } from "../../ports/api/exit-codes.ts";
import type { StepWorkOrder, StepWorkReport } from "../../ports/step-work.ts";
import type { StepContext } from "../command-context.ts";
import { phaseAnswerLost } from "../problems.ts";

/** How long a step waits for a server that is away; its build's own timeout ends it earlier where that is shorter. */
const PATIENCE_MS = 10 * 60 * 1_000;
/** Answers of one request that may break off. */
const MAX_BROKEN = 5;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Codes of a server that is away, which may come back. */
const GONE: readonly string[] = ["phase-answer-lost", "server-starting", "server-unreachable"];

/**
 * A phase, asked for by a step of a build: the server does its part and may leave an order, which is carried out here,
 * in the step's own workspace, and reported back. Exit 1 where either fails.
 */
export async function phase(context: StepContext, name: string, subject: string | undefined): Promise<number> {
  const place = subject === undefined ? {} : { subject };
  const answered = await ask(context, { phase: name, ...place });
  if (!answered.ok) return fail(context, answered.problem);
  context.err(answered.summary);
  const done = await context.work.perform(answered.order, (line) => context.out(line));
  const report: StepWorkReport = done.ok ? done.value : { kind: "failed", phase: name, ...place, problem: done.error };
  // What a script made becomes the release's candidate, where it is what the plan says.
  if (report.kind === "none" && name === "script") return phase(context, "candidate", subject);
  if (report.kind === "none") return EXIT.success;
  const noted = await ask(context, { phase: "report", ...place, report });
  if (!done.ok) return fail(context, done.error);
  return noted.ok ? EXIT.success : fail(context, noted.problem);
}

type Answered =
  | { readonly ok: true; readonly summary: string; readonly order: StepWorkOrder }
  | { readonly ok: false; readonly problem: Problem };

/** Asks until there is an answer: a server that restarts goes on with the phase where it was, and joins who asks again. */
async function ask(context: StepContext, body: unknown): Promise<Answered> {
  const { clock } = context;
  const endMs = clock.monotonicMs() + PATIENCE_MS;
  let broken = 0;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const answered = await askOnce(context, body);
    if (answered.ok || !GONE.includes(answered.problem.code) || clock.monotonicMs() > endMs) return answered;
    // One that is there and breaks off each time is not restarting: it cannot do it.
    if (answered.problem.code === "phase-answer-lost") broken += 1;
    if (broken === MAX_BROKEN) return answered;
    context.out(`${answered.problem.summary} Asking again.`);
    await clock.sleep(pauseMs);
  }
}

async function askOnce(context: StepContext, body: unknown): Promise<Answered> {
  try {
    for await (const line of context.server.phase(body)) {
      if (line.type === "line") context.out(line.text);
      else if (line.ok) return { ok: true, summary: line.summary, order: line.order as StepWorkOrder };
      else return { ok: false, problem: line.problem as Problem };
    }
  } catch (cause) {
    // The platform's HTTP client throws a `TypeError` when a connection ends before the answer does.
    if (!(cause instanceof TypeError)) throw cause;
  }
  return { ok: false, problem: phaseAnswerLost() };
}

function fail(context: StepContext, problem: Problem): number {
  context.err(renderProblem(problem));
  return EXIT.failed;
}
