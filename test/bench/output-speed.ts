/** How fast a step's output gets into its files: long lines and short ones, with and without secrets to hide. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildConfig } from "../../src/core/build/build-config.ts";
import { Secret } from "../../src/core/values/secret.ts";
import type { ProcessSpec } from "../../src/ports/processes.ts";
import { createBuildWorld, testSupervisors } from "../builds/build-world.ts";
import type { InstalledPeers } from "./install-peers.ts";
import { median } from "./medians.ts";
import { installedPeers, type Peer, systemPeers } from "./peer-runs.ts";
import { timePeer } from "./time-peer.ts";

const MEGABYTE = 1_000_000;
const ROUNDS = 3;

/** What a step prints. */
export interface Load {
  readonly name: "long lines" | "short lines";
  readonly line: string;
  readonly megabytes: number;
  /** For runners that take minutes, or break off, with as much as the others get. */
  readonly fewMegabytes: number;
}

export const LOADS: readonly Load[] = [
  { name: "long lines", line: "x".repeat(999), megabytes: 500, fewMegabytes: 20 },
  { name: "short lines", line: "12345", megabytes: 120, fewMegabytes: 1 },
];

export interface OutputSpeed {
  readonly load: Load["name"];
  /** Payload per second of wall time, median of the rounds, in MB/s. */
  readonly ways: readonly { readonly name: string; readonly megabytesPerSecond: number }[];
}

interface Way {
  readonly name: string;
  /** Prints so much, and gives the wall time in milliseconds; undefined where it cannot. */
  run(load: Load): Promise<{ readonly ms: number; readonly megabytes: number } | undefined>;
}

/** Measures all ways in turn. */
export async function measureOutput(load: Load, installed: InstalledPeers | undefined): Promise<OutputSpeed> {
  const peers = installed === undefined ? [] : installedPeers(installed);
  const ways: readonly Way[] = [
    shell("cmd > file", (command) => command),
    shell("cmd | cat > file", (command) => `${command} | cat`),
    supervised("mobius, no secrets: stored", 0),
    supervised("mobius, 10 secrets in all forms: stored", 10),
    ours("mobius, no secrets: stored, prefixed, indexed", 0),
    ours("mobius, 10 secrets: stored, prefixed, indexed", 10),
    ...peers.map((peer) => theirs(peer, installed)),
  ];
  const speeds = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of ways) {
      const ran = await way.run(load);
      if (ran === undefined) continue;
      speeds.set(way.name, [...(speeds.get(way.name) ?? []), (ran.megabytes / ran.ms) * 1_000]);
    }
  }
  return {
    load: load.name,
    ways: [...speeds].map(([name, values]) => ({ name, megabytesPerSecond: median(values) })),
  };
}

function commandOf({ line }: Load, megabytes: number): string {
  return `{ yes ${line} || :; } | head -c ${megabytes * MEGABYTE}`; // some shells report that `yes` was cut off
}

function shell(name: string, around: (command: string) => string): Way {
  const [bash] = systemPeers;
  if (bash === undefined) throw new Error("bash is always there");
  return {
    name,
    async run(load) {
      const commands = [around(commandOf(load, load.megabytes))];
      const ran = timePeer(bash, { commands, shape: "chain", env: process.env });
      return ran === undefined ? undefined : { ms: ran.ms, megabytes: load.megabytes };
    },
  };
}

function secretsFor(count: number): readonly Secret[] {
  return Array.from({ length: count }, () => new Secret(randomBytes(24).toString("base64")));
}

/** One process, until its output is in its own file and its end is on disk. */
function supervised(name: string, secrets: number): Way {
  return {
    name,
    async run(load) {
      const folder = mkdtempSync(join(tmpdir(), "mobius-output-"));
      const supervisor = await testSupervisors(folder).open({ name: "bench", directory: folder });
      const start = (id: string, argv: ProcessSpec["argv"]) =>
        supervisor.start({
          ...{ id, argv, cwd: folder, logPath: join(folder, `${id}.log`) },
          env: { PATH: process.env.PATH ?? "" },
          mask: secretsFor(secrets),
        });
      await (await start("first", ["true"])).exited; // everything loaded once
      const startedMs = performance.now();
      await (await start("loud", ["sh", "-c", commandOf(load, load.megabytes)])).exited;
      const ms = performance.now() - startedMs;
      await supervisor.close();
      rmSync(folder, { recursive: true });
      return { ms, megabytes: load.megabytes };
    },
  };
}

/** A build of two steps, so that each line gets its prefix; until all is in the build's log. */
function ours(name: string, secrets: number): Way {
  return {
    name,
    async run(load) {
      const secretEnv = Object.fromEntries(secretsFor(secrets).map((secret, at) => [`SECRET_${at}`, secret]));
      await using world = createBuildWorld({
        stepEnvironment: async () => ({ env: { PATH: process.env.PATH ?? "" }, secretEnv }),
      });
      await world.run({ steps: [{ name: "bash", entrypoint: "true" }] }); // everything loaded once
      const config: BuildConfig = {
        steps: [
          { name: "bash", entrypoint: "sh", args: ["-c", commandOf(load, load.megabytes)] },
          { name: "bash", entrypoint: "true" },
        ],
      };
      const startedMs = performance.now();
      const build = await world.run(config);
      const ms = performance.now() - startedMs;
      const stored = statSync(join(world.directory, "builds", build.id, "log.txt")).size;
      if (stored < load.megabytes * MEGABYTE) throw new Error(`only ${stored} bytes are in the build's log`);
      return { ms, megabytes: load.megabytes };
    },
  };
}

function theirs(peer: Peer, installed: InstalledPeers | undefined): Way {
  const isSlow = peer.name === "gitlab-ci-local";
  return {
    name: isSlow ? `${peer.name} (a smaller load)` : peer.name,
    async run(load) {
      const megabytes = isSlow ? load.fewMegabytes : load.megabytes;
      const commands = [commandOf(load, megabytes)];
      const ran = timePeer(peer, { commands, shape: "chain", env: installed?.env ?? process.env });
      return ran === undefined || ran.outputBytes < megabytes * MEGABYTE ? undefined : { ms: ran.ms, megabytes };
    },
  };
}
