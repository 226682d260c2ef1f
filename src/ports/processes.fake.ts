import type { ExitRecord, ProcessSpec, RunningProcess, Supervisor, Supervisors } from "./processes.ts";

/** What a process does here: it resolves with its end, and ends early when the signal aborts. */
export type FakeProgram = (spec: ProcessSpec, signal: AbortSignal) => Promise<ExitRecord["outcome"]>;

/** Supervisors without processes, with what a test may ask of them. */
export interface FakeSupervisors extends Supervisors {
  /** Ids of what runs now, `<supervisor>/<process>`. */
  running(): readonly string[];
  readonly started: readonly ProcessSpec[];
}

/** Runs a function for each process. A process that ignores its signal counts as killed when the grace is over. */
export function createFakeSupervisors(program: FakeProgram): FakeSupervisors {
  const running = new Map<string, RunningProcess>();
  const started: ProcessSpec[] = [];
  let lastPid = 1;

  const start = (name: string, spec: ProcessSpec): RunningProcess => {
    started.push(spec);
    const key = `${name}/${spec.id}`;
    const end = new AbortController();
    const killed = new Promise<ExitRecord["outcome"]>((resolve) => {
      end.signal.addEventListener("abort", () => resolve({ kind: "signalled", signal: "SIGTERM" }));
    });
    const exited = Promise.race([program(spec, end.signal), killed]).then((outcome): ExitRecord => {
      running.delete(key);
      return { id: spec.id, outcome };
    });
    const process: RunningProcess = {
      id: spec.id,
      pid: ++lastPid,
      exited,
      stop() {
        end.abort();
        return exited;
      },
    };
    running.set(key, process);
    return process;
  };

  return {
    started,
    running: () => [...running.keys()],
    async open({ name }): Promise<Supervisor> {
      return {
        start: async (spec) => start(name, spec),
        variables: {},
        async close() {
          const own = [...running].filter(([key]) => key.startsWith(`${name}/`));
          await Promise.all(own.map(([, process]) => process.stop(0)));
        },
      };
    },
    sweep: async () => 0, // no process outlives a program in memory
  };
}
