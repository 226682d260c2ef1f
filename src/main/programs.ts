import { chmod, copyFile, mkdir, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { findProgram } from "../adapters/executors/find-program.ts";
import type { NonEmpty } from "../core/values/problem.ts";
import type { StatePaths } from "./state-paths.ts";

export interface Programs {
  /** The Node that everything of ours runs on. */
  readonly node: string;
  readonly supervisor: string;
  /** How a step's `mobius` is started. */
  readonly mobius: NonEmpty<string>;
  /** PATH of steps, scripts and instances: our own folder first. */
  readonly path: string;
}

/** Folders of the system's programs, where the person's own PATH says nothing usable. */
const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin";

/**
 * Puts `node`, `mobius` and a `docker` that knows this installation's registry into a folder of the state directory, for the
 * PATH of everything that the server starts.
 */
export async function installPrograms(paths: StatePaths, searchPath: string): Promise<Programs> {
  const node = process.execPath;
  const root = resolve(import.meta.dirname, "..", "..");
  const entry = join(root, "src", "main", "cli.ts");
  await mkdir(paths.programs, { recursive: true, mode: 0o755 });
  await replaceLink(node, join(paths.programs, "node"));
  const command = join(paths.programs, "mobius");
  await writeFile(command, `#!/bin/sh\nexec '${node}' '${entry}' "$@"\n`);
  await chmod(command, 0o755);
  const system = searchPath.split(":").filter((folder) => folder.startsWith("/") && !folder.includes("node_modules"));
  await replaceDocker(join(paths.programs, "docker"), system);
  const path = [...new Set([paths.programs, ...(system.length === 0 ? SYSTEM_PATH.split(":") : system)])].join(":");
  return { node, supervisor: join(dirname(entry), "supervisor.ts"), mobius: [node, entry], path };
}

/** Without a docker of the host's there is none: a step is then told what is missing. */
async function replaceDocker(command: string, folders: readonly string[]): Promise<void> {
  if (findProgram("docker", folders.join(delimiter), "/") === undefined) return rm(command, { force: true });
  await copyFile(join(import.meta.dirname, "docker-command.sh"), command);
  await chmod(command, 0o755);
}

async function replaceLink(target: string, link: string): Promise<void> {
  await unlink(link).catch(() => {});
  await symlink(target, link).catch((cause: unknown) => {
    // Another start of the same installation may have made it in between.
    if ((cause as { code?: string }).code !== "EEXIST") throw cause;
  });
}
