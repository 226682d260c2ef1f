import type { Fence } from "./event-log.ts";

/**
 * Exclusive, time-limited, fenced rights. Time is the store's clock. The token grows with every acquisition; acquiring
 * again as the same holder succeeds and gives a new token (a restarted server takes its own lease back).
 */
export interface Leases {
  /** The fence, or who holds it. */
  acquire(request: {
    readonly lease: string;
    readonly holder: string;
    readonly ttlMs: number;
  }): Promise<
    { readonly kind: "acquired"; readonly fence: Fence } | { readonly kind: "held"; readonly holder: string }
  >;
  /** False when the lease is no longer this fence's. */
  renew(fence: Fence, ttlMs: number): Promise<boolean>;
  /** Gives it back; nothing happens when it is no longer this fence's. */
  release(fence: Fence): Promise<void>;
  /** Whether the fence still holds: asked before each effect outside. */
  holds(fence: Fence): Promise<boolean>;
}

/** Stored instants at which a stream wants to be looked at again. Setting the same stream and name again moves it. */
export interface Timers {
  set(timer: { readonly stream: string; readonly name: string; readonly dueAt: number }): Promise<void>;
  clear(stream: string, name: string): Promise<void>;
  /** Those due at `now`, earliest first, at most 100; they stay until cleared. */
  due(now: number): Promise<readonly { readonly stream: string; readonly name: string; readonly dueAt: number }[]>;
}
