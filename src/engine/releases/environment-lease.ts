import type { Problem } from "../../core/values/problem.ts";
import { err, type Result } from "../../core/values/result.ts";
import { environmentBusy } from "./problems.ts";
import type { ReleasePorts } from "./release-ports.ts";
import { FencedOut } from "./release-streams.ts";

const LEASE_MS = 60_000;
const RENEW_MS = 15_000;

/**
 * Does what a person asked for while no release changes the environment: under the very lease that a release holds. Refused
 * at once where somebody has it. `checkLease` is asked before each effect, and throws `FencedOut` when the lease is lost.
 */
export async function withEnvironmentLease<T>(
  { clock, ids, leases }: Pick<ReleasePorts, "clock" | "ids" | "leases">,
  { environment, purpose }: { readonly environment: string; readonly purpose: string },
  work: (checkLease: () => Promise<void>) => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const holder = `${purpose} ${ids.randomHex(6)}`;
  const taken = await leases.acquire({ lease: `environment/${environment}`, holder, ttlMs: LEASE_MS });
  if (taken.kind === "held") return err(environmentBusy(environment, taken.holder));
  const { fence } = taken;
  const done = new AbortController();
  const renewal = (async () => {
    while (!done.signal.aborted) {
      await clock.sleep(RENEW_MS, done.signal);
      if (!done.signal.aborted) await leases.renew(fence, LEASE_MS).catch(() => true); // the next check finds out
    }
  })();
  try {
    return await work(async () => {
      if (!(await leases.holds(fence))) throw new FencedOut(`${holder} lost ${environment}`);
    });
  } finally {
    done.abort();
    await renewal;
    await leases.release(fence);
  }
}
