import type { ExecutedOutcome, RunningStep, StepEnd, StepExecutor, StepOrder } from "./step-executor.ts";

/** What a step does here: it resolves with its end. */
export type FakeStep = (order: StepOrder, build: string) => Promise<ExecutedOutcome>;

/** An executor whose steps are functions. What it keeps outlives an engine that crashes, as a disk would. */
export interface FakeStepExecutor extends StepExecutor {
  /** Each try that was started, `<build>/<step>/<try>`, in order. */
  readonly started: readonly string[];
  /** Tries that ended by themselves, with their outcome on record. */
  readonly records: ReadonlyMap<string, ExecutedOutcome>;
  running(): readonly string[];
}

/** Makes one; the steps that run when `sweep` is called end without a record, as those of a dead server do. */
export function createFakeStepExecutor(run: FakeStep): FakeStepExecutor {
  const started: string[] = [];
  const records = new Map<string, ExecutedOutcome>();
  const running = new Map<string, (outcome: ExecutedOutcome) => void>();

  const start = (build: string, order: StepOrder): RunningStep => {
    const key = `${build}/${order.step}/${order.try}`;
    started.push(key);
    const ended = new Promise<StepEnd>((resolve) => {
      running.set(key, (outcome) => resolve({ outcome }));
      void run(order, build).then((outcome) => {
        if (!running.delete(key)) return; // it was ended before it could end by itself
        records.set(key, outcome);
        resolve({ outcome });
      });
    });
    return { ended, stop: async () => end(key) };
  };
  const end = (key: string) => {
    running.get(key)?.({ kind: "signalled", signal: "SIGTERM" });
    running.delete(key);
  };

  return {
    started,
    records,
    running: () => [...running.keys()],
    gap: async () => undefined,
    open: async ({ id, directory }) => ({
      workspace: `${directory}/workspace`,
      start: async (order) => start(id, order),
      async close() {
        for (const key of [...running.keys()].filter((other) => other.startsWith(`${id}/`))) end(key);
      },
    }),
    async recorded({ id }, attempt) {
      const outcome = records.get(`${id}/${attempt.step}/${attempt.try}`);
      return outcome === undefined ? undefined : { outcome };
    },
    async sweep() {
      const count = running.size;
      running.clear(); // nobody is left to hear of their end
      return count;
    },
  };
}
