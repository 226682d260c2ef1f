import type { Clock } from "./clock.ts";
import type { Caller, Identities } from "./identities.ts";

/** Identities in memory: tokens are names in a table, good until their time on the given clock. */
export function createMemoryIdentities({
  clock,
  personToken,
  personName,
}: {
  readonly clock: Clock;
  readonly personToken: string;
  readonly personName: string;
}): Identities {
  const issued = new Map<string, { readonly caller: Caller; readonly expiresAt: number }>();
  return {
    async verify(token) {
      if (token === personToken) return { kind: "person", name: personName };
      const found = issued.get(token);
      return found === undefined || found.expiresAt <= clock.now() ? undefined : found.caller;
    },
    async issue(caller, ttlMs) {
      const token = `token-${issued.size + 1}`;
      issued.set(token, { caller, expiresAt: clock.now() + ttlMs });
      return token;
    },
  };
}
