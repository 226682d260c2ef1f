import type { Clock } from "./clock.ts";
import type { Leases, Timers } from "./leases.ts";

/** Leases in memory, by the time of the given clock. */
export function createMemoryLeases(clock: Clock): Leases {
  const rows = new Map<string, { holder: string; token: number; expiresAt: number }>();

  const held = (fence: { readonly lease: string; readonly holder: string; readonly token: number }) => {
    const row = rows.get(fence.lease);
    const isHeld = row?.holder === fence.holder && row.token === fence.token && row.expiresAt > clock.now();
    return isHeld ? row : undefined;
  };

  return {
    async acquire({ lease, holder, ttlMs }) {
      const row = rows.get(lease);
      if (row !== undefined && row.holder !== holder && row.expiresAt > clock.now()) {
        return { kind: "held", holder: row.holder };
      }
      const token = (row?.token ?? 0) + 1;
      rows.set(lease, { holder, token, expiresAt: clock.now() + ttlMs });
      return { kind: "acquired", fence: { lease, holder, token } };
    },
    async renew(fence, ttlMs) {
      const row = held(fence);
      if (row === undefined) return false;
      row.expiresAt = clock.now() + ttlMs;
      return true;
    },
    async release(fence) {
      const row = held(fence);
      if (row !== undefined) row.expiresAt = Number.NEGATIVE_INFINITY;
    },
    holds: async (fence) => held(fence) !== undefined,
  };
}

/** Timers in memory. */
export function createMemoryTimers(): Timers {
  const timers = new Map<string, { readonly stream: string; readonly name: string; readonly dueAt: number }>();
  const keyOf = (stream: string, name: string) => JSON.stringify([stream, name]);
  return {
    async set(timer) {
      timers.set(keyOf(timer.stream, timer.name), timer);
    },
    async clear(stream, name) {
      timers.delete(keyOf(stream, name));
    },
    async due(now) {
      const due = [...timers.values()].filter((timer) => timer.dueAt <= now);
      return due.sort((a, b) => a.dueAt - b.dueAt).slice(0, 100);
    },
  };
}
