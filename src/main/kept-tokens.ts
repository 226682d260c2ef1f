import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Names that are safe as a file's name; people have no others. */
const NAME = /^[a-z][a-z0-9._-]{0,62}$/;

/** The token of a person that this account keeps; undefined where it keeps none. */
export async function keptToken(folder: string, name: string): Promise<string | undefined> {
  if (!NAME.test(name)) return undefined;
  const text = await readFile(join(folder, name), "utf8").catch(() => "");
  return text.trim() || undefined;
}

/** Keeps a person's token where only this account reads it. */
export async function keepToken(folder: string, name: string, token: string): Promise<void> {
  if (!NAME.test(name)) throw new RangeError(`${name} is no name of a person`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, name), `${token}\n`, { mode: 0o600 });
}
