import { readdir, readFile, readlink } from "node:fs/promises";

/** State of a listening socket in `/proc/net/tcp`. */
const LISTENING = "0A";
const MAX_COMMAND_LENGTH = 120;

/**
 * What listens on a port of this machine, as `process 4711 (node server.js)`. Undefined where that cannot be seen: another
 * user's process, or a system without `/proc`.
 */
export async function portHolder(port: number): Promise<string | undefined> {
  const inodes = new Set(await listeningInodes(port));
  if (inodes.size === 0) return undefined;
  const ids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    const files = await readdir(`/proc/${id}/fd`).catch(() => []);
    const links = await Promise.all(files.map((file) => readlink(`/proc/${id}/fd/${file}`).catch(() => "")));
    if (!links.some((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ""))) continue;
    const command = (await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim();
    return `process ${id} (${command.slice(0, MAX_COMMAND_LENGTH)})`;
  }
  return undefined;
}

async function listeningInodes(port: number): Promise<readonly string[]> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  return tables.flatMap((table) =>
    table.split("\n").flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      return local.endsWith(wanted) && state === LISTENING ? [inode] : [];
    }),
  );
}
