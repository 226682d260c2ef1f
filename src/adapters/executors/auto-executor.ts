import type { StepExecutor, StepPreview, StepSession } from "../../ports/step-executor.ts";

import { recordedEnd } from "./step-end.ts";
import { buildFolders, makeBuildFolders } from "./step-folders.ts";

/** One way to run steps, and whether a step suits it. */
export interface ExecutorOption {
  readonly name: string;
  readonly executor: StepExecutor;
  /** `ready`: the image is at hand. `fetch`: it would have to be fetched, and may not be there. */
  readonly suits: (step: StepPreview) => Promise<"ready" | "fetch" | "never">;
}

/**
 * Takes for each step the first option that has its image at hand, otherwise the first that can fetch it, otherwise the
 * first of all, which then says what it lacks. All options work in the same folders of the build.
 */
export function createAutoExecutor(options: readonly [ExecutorOption, ...ExecutorOption[]]): StepExecutor {
  return {
    async open(build) {
      const opened = new Map<ExecutorOption, Promise<StepSession>>();
      const sessionOf = (option: ExecutorOption) => {
        const session = opened.get(option) ?? option.executor.open(build);
        opened.set(option, session);
        return session;
      };
      const folders = buildFolders(build.directory);
      makeBuildFolders(folders);
      return {
        workspace: folders.workspace,
        start: async (order) => (await sessionOf(await choose(options, order))).start(order),
        async resume(order) {
          for (const option of options) {
            const running = await (await sessionOf(option)).resume?.(order);
            if (running !== undefined) return running;
          }
          return undefined;
        },
        async close() {
          const sessions = await Promise.allSettled(opened.values());
          for (const each of sessions) if (each.status === "fulfilled") await each.value.close();
        },
      };
    },
    gap: async (step) => (await choose(options, step)).executor.gap(step),
    recorded: recordedEnd,
    async sweep() {
      let count = 0;
      for (const { executor } of options) count += await executor.sweep();
      return count;
    },
  };
}

async function choose(
  options: readonly [ExecutorOption, ...ExecutorOption[]],
  step: StepPreview,
): Promise<ExecutorOption> {
  let fetching: ExecutorOption | undefined;
  for (const option of options) {
    const suits = await option.suits(step);
    if (suits === "ready") return option;
    if (suits === "fetch") fetching ??= option;
  }
  return fetching ?? options[0];
}
