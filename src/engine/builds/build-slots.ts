/** Places for builds that run; the others wait in the order in which they came. */
export interface BuildSlots {
  /** Whether the build has a place now. A build that is refused is woken when one is free. */
  take(build: string, wake: () => void): boolean;
  /** A build that ran when the server died keeps its place, whatever the limit says. */
  keep(build: string): void;
  release(build: string): void;
}

/** At most `limit` builds at a time. */
export function createBuildSlots(limit: number): BuildSlots {
  const taken = new Set<string>();
  const waiting = new Map<string, () => void>();
  return {
    take(build, wake) {
      waiting.set(build, wake);
      const free = limit - taken.size;
      // Whoever came first goes first, however the wake-ups interleave.
      if (![...waiting.keys()].slice(0, Math.max(free, 0)).includes(build)) return false;
      waiting.delete(build);
      taken.add(build);
      return true;
    },
    keep: (build) => void taken.add(build),
    release(build) {
      taken.delete(build);
      waiting.delete(build);
      for (const wake of [...waiting.values()]) wake();
    },
  };
}
