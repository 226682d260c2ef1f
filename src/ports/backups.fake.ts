import type { Backup, Backups } from "./backups.ts";

/** Backups in memory, as a test puts them there. */
export function createMemoryBackups(kept: Backup[] = []): Backups & { readonly kept: Backup[] } {
  return {
    kept,
    list: async () => kept.toSorted((a, b) => a.at - b.at),
    async remove(id) {
      const at = kept.findIndex((backup) => backup.id === id);
      if (at >= 0) kept.splice(at, 1);
    },
  };
}
