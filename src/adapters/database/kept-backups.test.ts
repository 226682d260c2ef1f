import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { toIso } from "../../core/values/time.ts";
import { describeBackups } from "../../ports/backups.contract.ts";
import { createMemoryBackups } from "../../ports/backups.fake.ts";
import type { Backup } from "../../ports/backups.ts";
import { createKeptBackups } from "./kept-backups.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function folderWith(backups: readonly Backup[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "mobius-backups-"));
  folders.push(root);
  for (const { id, at, bytes } of backups) {
    await mkdir(join(root, id, "data"), { recursive: true });
    await writeFile(
      join(root, id, "backup.json"),
      JSON.stringify({ id, label: "x", at: toIso(at), bytes, databases: [] }),
    );
  }
  return root;
}

describeBackups("memory", async (backups) => createMemoryBackups([...backups]));
describeBackups("files", async (backups) => createKeptBackups(await folderWith(backups)));

it("lists no backup that is being made, and removes nothing beside its folder", async () => {
  const root = await folderWith([]);
  await mkdir(join(root, "rel-4-d", "data"), { recursive: true });
  const backups = createKeptBackups(join(root, "."));
  expect(await backups.list()).toEqual([]);
  await writeFile(join(root, "..", "mobius-outside"), "");
  await backups.remove("../mobius-outside");
  expect(existsSync(join(root, "..", "mobius-outside"))).toBe(true);
  await rm(join(root, "..", "mobius-outside"));
});
