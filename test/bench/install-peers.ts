/** Runners of others, at versions that are written down, in a folder outside of the checkout: none is a dependency. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const VERSIONS = { concurrently: "10.0.7", "gitlab-ci-local": "4.75.1", listr2: "11.4.0", wireit: "0.14.13" };
const INSTALL_MS = 180_000;

export interface InstalledPeers {
  readonly folder: string;
  /** The environment in which their commands are found. */
  readonly env: NodeJS.ProcessEnv;
}

/** Installs them, unless an earlier run did. Undefined, and said aloud, where no registry answers. */
export function installPeers(): InstalledPeers | undefined {
  const folder = join(tmpdir(), `mobius-bench-peers-${Object.values(VERSIONS).join("-")}`);
  const modules = join(folder, "node_modules");
  const env = { ...process.env, PATH: [join(modules, ".bin"), process.env.PATH].join(delimiter), CI: "1" };
  if (existsSync(join(folder, "installed"))) return { folder, env };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies: VERSIONS }));
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts"];
  const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8", timeout: INSTALL_MS });
  if (status !== 0) {
    console.error(`SKIPPED: ${Object.keys(VERSIONS).join(", ")}: npm cannot install them here\n${stderr}`);
    return undefined;
  }
  writeFileSync(join(folder, "installed"), "");
  return { folder, env };
}
