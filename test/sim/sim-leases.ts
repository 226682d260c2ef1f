import type { Fence } from "../../src/ports/event-log.ts";
import type { Leases } from "../../src/ports/leases.ts";

/** The leases of a world in memory. They go by the world's monotonic clock: setting the wall clock changes none. */
export class SimLeases {
  readonly #nowMs: () => number;
  /** The newest token that each engine was given. */
  readonly #tokens = new Map<number, number>();
  readonly #leases = new Map<string, { holder: string; token: number; untilMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  holds(fence: Fence): boolean {
    const held = this.#leases.get(fence.lease);
    return held?.holder === fence.holder && held.token === fence.token && held.untilMs > this.#nowMs();
  }

  /** How long a lease is still held, in milliseconds. */
  leftMs(lease: string): number {
    return Math.max(0, (this.#leases.get(lease)?.untilMs ?? 0) - this.#nowMs());
  }

  /** The newest token that the engine was given, and the newest of all; 0 for none. */
  tokens(life: number): { readonly ownToken: number; readonly token: number } {
    const token = Math.max(0, ...[...this.#leases.values()].map((lease) => lease.token));
    return { ownToken: this.#tokens.get(life) ?? 0, token };
  }

  /** The port as one engine has it. */
  port(life: number): Leases {
    return {
      acquire: async ({ lease, holder, ttlMs }) => {
        const held = this.#leases.get(lease);
        if (held !== undefined && held.holder !== holder && held.untilMs > this.#nowMs())
          return { kind: "held", holder: held.holder };
        const token = (held?.token ?? 0) + 1;
        this.#leases.set(lease, { holder, token, untilMs: this.#nowMs() + ttlMs });
        this.#tokens.set(life, token);
        return { kind: "acquired", fence: { lease, holder, token } };
      },
      renew: async (fence, ttlMs) => {
        if (!this.holds(fence)) return false;
        this.#leases.set(fence.lease, { holder: fence.holder, token: fence.token, untilMs: this.#nowMs() + ttlMs });
        return true;
      },
      release: async (fence) => {
        const held = this.#leases.get(fence.lease);
        if (this.holds(fence) && held !== undefined) this.#leases.set(fence.lease, { ...held, untilMs: 0 });
      },
      holds: async (fence) => this.holds(fence),
    };
  }
}
