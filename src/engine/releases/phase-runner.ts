import type { PhaseName } from "../../core/release/events.ts";
import { phaseRecord } from "../../core/release/state.ts";
import { Bug } from "../../core/values/assert.ts";
import { err, ok } from "../../core/values/result.ts";
import type { Phase, PhaseContext, PhaseOutcome } from "./phase-context.ts";
import { backUp } from "./phases/back-up.ts";
import { makeCandidates } from "./phases/candidate.ts";
import { migrate, migrateAfterSoak } from "./phases/migrate.ts";
import { recordRelease } from "./phases/record.ts";
import { restoreTraffic } from "./phases/restore.ts";
import { beginScript } from "./phases/script.ts";
import { shiftTraffic } from "./phases/shift.ts";
import { rehearse, verifyCandidates, verifyServing } from "./phases/verify.ts";
import { phaseUnavailable, releaseCancelled } from "./problems.ts";
import { FencedOut } from "./release-streams.ts";

const acknowledge: Phase = async () => ok("done in the step's workspace");

/** Every phase and what performs it. Three of them are work of the step itself; the server only keeps their record. */
const PHASES: Readonly<Record<PhaseName, Phase>> = {
  checkout: acknowledge,
  load: acknowledge,
  build: acknowledge,
  "back-up": backUp,
  migrate,
  script: beginScript,
  candidate: makeCandidates,
  rehearse,
  "verify-candidates": verifyCandidates,
  shift: shiftTraffic,
  verify: verifyServing,
  "migrate-after-soak": migrateAfterSoak,
  record: recordRelease,
  restore: restoreTraffic,
};

/** How often a phase is tried when something outside does not answer, and the pause before the next try. */
const TRIES = 4;
const PAUSE_MS = [200, 1_000, 3_000];

/** A phase that was stopped with its server or its lease: it has no outcome, and the next driver runs it again. */
export class PhaseInterrupted extends Error {
  override readonly name = "PhaseInterrupted";
}

type MakeContext = (phase: { name: PhaseName; subject?: string; signal: AbortSignal }) => PhaseContext;

interface RunRequest {
  readonly phase: PhaseName;
  readonly subject?: string;
}

/**
 * Runs the phases of one release. A phase that succeeded is not run again; one that is running is joined; one that was
 * interrupted by a crash is run again, since every phase reads the world before it changes it.
 */
export class PhaseRunner {
  readonly #makeContext: MakeContext;
  readonly #running = new Map<string, Promise<PhaseOutcome>>();
  #interruption = new AbortController();

  constructor(makeContext: MakeContext) {
    this.#makeContext = makeContext;
  }

  run(request: RunRequest): Promise<PhaseOutcome> {
    const key = `${request.phase} ${request.subject ?? ""}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = this.#start(request).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  /** Stops what runs; later phases, such as the restoration, are not touched by it. */
  interrupt(): void {
    this.#interruption.abort();
    this.#interruption = new AbortController();
  }

  /** Resolves when no phase runs. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#running.values()]);
  }

  async #start({ phase, subject }: RunRequest): Promise<PhaseOutcome> {
    const place = { phase, ...(subject === undefined ? {} : { subject }) };
    const { signal } = this.#interruption;
    const context = this.#makeContext({ name: phase, ...(subject === undefined ? {} : { subject }), signal });
    const earlier = phaseRecord(context.release(), phase, subject)?.outcome;
    if (earlier?.kind === "succeeded") return ok(earlier.summary);
    await context.record({ type: "phase-started", ...place });
    context.ports.reach(`phase:${phase}`);
    const outcome = await perform(phase, context);
    // A cancelled one failed; one whose server stops has done a part of its work, and says nothing about the rest.
    if (signal.aborted && context.release().cancelReason === undefined) throw new PhaseInterrupted(phase);
    await context.record(
      outcome.ok
        ? { type: "phase-succeeded", ...place, summary: outcome.value }
        : { type: "phase-failed", ...place, problem: outcome.error },
    );
    return outcome;
  }
}

async function perform(phase: PhaseName, context: PhaseContext): Promise<PhaseOutcome> {
  const { cancelReason } = context.release();
  if (cancelReason !== undefined && phase !== "restore" && phase !== "record")
    return err(releaseCancelled(cancelReason));
  for (let tries = 1; ; tries += 1) {
    const { outcome, reason } = await tryOnce(phase, context);
    if (reason === undefined || tries === TRIES || context.signal.aborted) return outcome;
    await context.note(`try ${tries} of ${TRIES}: ${reason}`);
    await context.ports.clock.sleep(PAUSE_MS[tries - 1] ?? 0, context.signal);
  }
}

/** One try; a `reason` says that another one may go better. */
async function tryOnce(
  phase: PhaseName,
  context: PhaseContext,
): Promise<{ readonly outcome: PhaseOutcome; readonly reason?: string }> {
  try {
    const outcome = await PHASES[phase](context);
    // Traffic forward stops where somebody else changed the target. Traffic back reads it again: nothing else puts it right.
    const isBack = phase === "restore" || (phase === "shift" && context.release().plan.actions.rollback !== undefined);
    const isConflict = isBack && !outcome.ok && outcome.error.code === "target-changed";
    return isConflict ? { outcome, reason: outcome.error.summary } : { outcome };
  } catch (cause) {
    if (cause instanceof FencedOut || cause instanceof Bug) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { outcome: err(phaseUnavailable(phase, reason)), reason };
  }
}
