import type { Clock } from "../../ports/clock.ts";
import type { ReleaseEngine } from "./release-engine.ts";

/** How often every environment is looked at: drift is somebody's doing, and is found while that somebody still knows. */
const EVERY_MS = 5 * 60 * 1_000;

/** Looks for drift in every environment again and again, until the signal aborts. A look that fails is told and not fatal. */
export async function watchDrift(
  { engine, clock }: { readonly engine: ReleaseEngine; readonly clock: Clock },
  onFailure: (environment: string, cause: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal);
    const platform = signal.aborted ? undefined : await engine.platform().catch(() => undefined);
    if (platform?.ok !== true) continue;
    for (const environment of Object.keys(platform.value.environments)) {
      if (signal.aborted) return;
      await engine.drift.look(environment).catch((cause: unknown) => onFailure(environment, cause));
    }
  }
}
