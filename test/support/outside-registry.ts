import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { vi } from "vitest";

/** Path of a program of this machine; where it is not, a warning names what is skipped. */
export function findProgram(name: string): string | undefined {
  const folders = `${process.env.PATH}:/usr/sbin:/usr/bin`.split(":");
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  if (found === undefined) console.warn(`SKIPPED: the registry with ${name}, which is not here.`);
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts Debian's own registry over `<folder>/peer`; it answers when this returns. */
export async function startOutsideRegistry(
  program: string,
  folder: string,
): Promise<{ readonly host: string; readonly stop: () => void }> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = join(folder, "peer.yml");
  const storage = `storage:\n  filesystem:\n    rootdirectory: ${join(folder, "peer")}\n`;
  await writeFile(config, `version: 0.1\n${storage}http:\n  addr: ${host}\n`);
  const other = spawn(program, ["serve", config], { stdio: "ignore" });
  const answers = async () => {
    if (!(await fetch(`http://${host}/v2/`)).ok) throw new Error(`${host} does not answer yet`);
  };
  await vi.waitFor(answers, { timeout: 20_000 });
  return { host, stop: () => void other.kill("SIGKILL") };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
