import { describe, expect, it } from "vitest";
import { instant } from "../core/values/time.ts";
import type { Backup, Backups } from "./backups.ts";

/** What every kind of backups keeps to; `start` gives one that holds the backups given. */
export function describeBackups(label: string, start: (backups: readonly Backup[]) => Promise<Backups>): void {
  const backup = (id: string, at: number): Backup => ({ id, at: instant(at), bytes: 10 });

  describe(`${label}: backups`, () => {
    it("lists them, the oldest first, and removes one, once and again", async () => {
      const backups = await start([backup("rel-2-b", 2_000), backup("rel-1-a", 1_000), backup("rel-3-c", 3_000)]);
      expect((await backups.list()).map(({ id }) => id)).toEqual(["rel-1-a", "rel-2-b", "rel-3-c"]);
      expect((await backups.list())[0]).toEqual(backup("rel-1-a", 1_000));
      await backups.remove("rel-2-b");
      await backups.remove("rel-2-b");
      expect((await backups.list()).map(({ id }) => id)).toEqual(["rel-1-a", "rel-3-c"]);
    });

    it("has none to begin with", async () => {
      expect(await (await start([])).list()).toEqual([]);
    });
  });
}
