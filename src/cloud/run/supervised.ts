import type { Supervisor } from "../../ports/processes.ts";
import type { StartFailure } from "./start-container.ts";

/** The supervisor of everything that the cloud runs: opened when it is needed, and again where it died. */
export interface Supervised {
  /** Does something with it; what is thrown becomes a failure, and the next use opens another. */
  use<T>(work: (supervisor: Supervisor) => Promise<T>, failed: (failure: StartFailure) => T): Promise<T>;
  /** Ends it and all that it runs. */
  close(): Promise<void>;
}

/** Nothing is opened before the first use. */
export function createSupervised(open: () => Promise<Supervisor>): Supervised {
  let current: Promise<Supervisor> | undefined;
  return {
    async use(work, failed) {
      current ??= open();
      const own = current;
      const forget = () => {
        if (current === own) current = undefined;
      };
      try {
        return await work(forgetting(await own, forget));
      } catch (error) {
        forget();
        return failed({ reason: "INTERNAL", message: error instanceof Error ? error.message : String(error) });
      }
    },
    async close() {
      const own = await current?.catch(() => undefined); // one that never opened runs nothing
      await own?.close();
    },
  };
}

/** The same supervisor; once a process of it is lost, it is the supervisor that died. */
function forgetting(supervisor: Supervisor, forget: () => void): Supervisor {
  return {
    variables: supervisor.variables,
    close: () => supervisor.close(),
    async start(spec) {
      const started = await supervisor.start(spec);
      started.exited.catch(forget);
      return started;
    },
  };
}
