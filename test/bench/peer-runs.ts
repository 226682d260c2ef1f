/** How each runner of others is told to run commands: the files it reads, and its own command line. */
import { spawnSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InstalledPeers } from "./install-peers.ts";

export type Shape = "chain" | "two-wide";

export interface Peer {
  readonly name: string;
  /** What is there afterwards of what ran. */
  readonly keepsRecord: string;
  readonly shapes: readonly Shape[];
  /** A program that the machine must have for it. */
  readonly needs?: string;
  /** Writes what it reads into an empty folder. A chain runs the commands one after the other. */
  prepare(folder: string, commands: readonly string[], shape: Shape): readonly string[];
}

const BOTH: readonly Shape[] = ["chain", "two-wide"];

/** What Debian has. */
export const systemPeers: readonly Peer[] = [
  {
    name: "bash loop",
    keepsRecord: "nothing",
    shapes: ["chain"],
    prepare(folder, commands) {
      writeFileSync(join(folder, "run.sh"), `${commands.join("\n")}\n`);
      return ["bash", "run.sh"];
    },
  },
  {
    name: "make",
    keepsRecord: "nothing",
    shapes: BOTH,
    prepare(folder, commands, shape) {
      const rules = commands.map((command, step) => `s${step}:${before(step, shape)}\n\t@${command}`);
      writeFileSync(join(folder, "Makefile"), `all: ${names(commands).join(" ")}\n${rules.join("\n")}\n`);
      return ["make", "-s", "-j2", "all"];
    },
  },
];

/** What npm has, where it was installed and the machine has what it needs; what is missing is said aloud. */
export function installedPeers({ folder: installed, env }: InstalledPeers): readonly Peer[] {
  const peers: readonly Peer[] = [
    { name: "listr2", keepsRecord: "nothing", shapes: BOTH, prepare: listr2 },
    {
      name: "concurrently",
      keepsRecord: "nothing",
      shapes: BOTH,
      prepare: (_, commands, shape) => ["concurrently", "-m", shape === "chain" ? "1" : "2", ...commands],
    },
    { name: "wireit", keepsRecord: "state files", shapes: BOTH, prepare: wireit },
    { name: "gitlab-ci-local", keepsRecord: "files", shapes: BOTH, needs: "rsync", prepare: gitlabCiLocal },
  ];
  const usable = peers.filter(({ name, needs = "true" }) => {
    const isThere = spawnSync("sh", ["-c", `command -v ${needs}`], { env }).status === 0;
    if (!isThere) console.error(`SKIPPED: ${name}: it needs ${needs}`);
    return isThere;
  });
  return usable.map((peer) => ({
    ...peer,
    prepare(folder, commands, shape) {
      symlinkSync(join(installed, "node_modules"), join(folder, "node_modules"));
      return peer.prepare(folder, commands, shape);
    },
  }));
}

function listr2(folder: string, commands: readonly string[], shape: Shape): readonly string[] {
  const program = `import { spawn } from "node:child_process";
import { Listr } from "listr2";
const run = (command) => new Promise((ended) => spawn("/bin/sh", ["-c", command], { stdio: "inherit" }).on("exit", ended));
const tasks = ${JSON.stringify(commands)}.map((command) => ({ title: "step", task: () => run(command) }));
await new Listr(tasks, { concurrent: ${shape === "chain" ? "false" : "2"}, renderer: "simple" }).run();
`;
  writeFileSync(join(folder, "run.mjs"), program);
  return [process.execPath, "run.mjs"];
}

function wireit(folder: string, commands: readonly string[], shape: Shape): readonly string[] {
  const all = names(commands);
  const rules = commands.map((command, step) => {
    const needed = before(step, shape).trim();
    return [`s${step}`, { command, ...(needed === "" ? {} : { dependencies: [needed] }) }] as const;
  });
  const scripts = Object.fromEntries(["all", ...all].map((name) => [name, "wireit"]));
  const rest = { scripts, wireit: { ...Object.fromEntries(rules), all: { dependencies: all } } };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "bench", ...rest }));
  return ["env", "WIREIT_PARALLEL=2", "WIREIT_LOGGER=simple", "npm", "run", "--silent", "all"];
}

function gitlabCiLocal(folder: string, commands: readonly string[], shape: Shape): readonly string[] {
  const jobs = commands.map((command, step) => {
    const needed = before(step, shape).trim();
    return [`s${step}`, { script: [command], needs: needed === "" ? [] : [needed] }] as const;
  });
  writeFileSync(join(folder, ".gitlab-ci.yml"), JSON.stringify(Object.fromEntries(jobs)));
  // It asks for a repository with an address.
  const init = "git init -q . && git -c user.name=b -c user.email=b@example.com commit -q --allow-empty -m x";
  const remote = "git remote add origin https://example.com/b/b.git";
  const run = "exec gitlab-ci-local --force-shell-executor --no-shell-isolation --concurrency 2";
  return ["sh", "-c", `${init} && ${remote} && ${run}`];
}

function names(commands: readonly string[]): readonly string[] {
  return commands.map((_, step) => `s${step}`);
}

function before(step: number, shape: Shape): string {
  return shape === "two-wide" || step === 0 ? "" : ` s${step - 1}`;
}
