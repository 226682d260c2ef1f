import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { fromIso } from "../../core/values/time.ts";
import type { Backup, Backups } from "../../ports/backups.ts";

const record = z.object({ id: z.string(), at: z.string(), bytes: z.number() });

/** The backups in a folder: those with a `backup.json`, which is written last and removed first. */
export function createKeptBackups(directory: string): Backups {
  return {
    async list() {
      const names = await readdir(directory).catch(() => []);
      const read = await Promise.all(names.map((name) => readBackup(directory, name)));
      return read.flatMap((backup) => backup ?? []).toSorted((a, b) => a.at - b.at);
    },
    async remove(id) {
      // A name that leads elsewhere is no backup's.
      if (!/^[a-z0-9-]+$/.test(id)) return;
      await rm(join(directory, id, "backup.json"), { force: true });
      await rm(join(directory, id), { recursive: true, force: true });
    },
  };
}

/** A folder that is no backup yet, or no more, is left to whoever makes or sweeps it. */
async function readBackup(directory: string, name: string): Promise<Backup | undefined> {
  const text = await readFile(join(directory, name, "backup.json"), "utf8").catch(() => "");
  if (text === "") return undefined;
  const { id, at, bytes } = record.parse(JSON.parse(text));
  return { id, at: fromIso(at), bytes };
}
