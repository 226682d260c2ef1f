import { execFile } from "node:child_process";
import { access, constants, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import type { Machine, MachineSetting, StateDirectory } from "../ports/machine.ts";
import { stateDirectory } from "./state-paths.ts";

const LONGEST_MS = 15_000;
const REMOTE_MS = 30_000;

export interface MachineOptions {
  /** The umbrella's folder, absolute. */
  readonly directory: string;
  readonly server: string;
  readonly isServerGiven: boolean;
}

/** Looks at this machine, and loads what each look needs only when it is asked for. */
export function inspectMachine(options: MachineOptions): Machine {
  const state = resolve(stateDirectory(process.env));
  const dockerSocket = /^unix:\/\/(.+)$/.exec(process.env.DOCKER_HOST ?? "")?.[1] ?? "/var/run/docker.sock";
  return {
    version: (program) =>
      // The Node that matters is the one that runs this, not whichever PATH has.
      new Promise((done) => {
        if (program === "node") return done(process.version);
        const child = execFile(program, ["--version"], { timeout: LONGEST_MS }, (cause, stdout) =>
          done(cause === null ? (stdout.split("\n")[0] ?? "").trim() : undefined),
        );
        child.stdin?.end();
      }),
    async freeBytes() {
      const { bavail, bsize } = await statfs(await nearestFolder(state));
      return bavail * bsize;
    },
    stateDirectory: () => lookAtState(state),
    async portHolder(port) {
      const { portHolder } = await import("../adapters/system/port-holder.ts");
      const by = await portHolder(port);
      return by === undefined ? { kind: "free" } : { kind: "held", by };
    },
    async isolation() {
      const { findSandbox } = await import("../adapters/executors/sandbox.ts");
      const { findDockerEngine } = await import("../adapters/executors/docker/docker-engine.ts");
      const [sandbox, docker] = await Promise.all([
        findSandbox(tmpdir(), process.env.PATH ?? ""),
        findDockerEngine(dockerSocket),
      ]);
      return {
        namespaces: sandbox === undefined ? "not-usable" : "usable",
        docker: docker === undefined ? "silent" : "answers",
      };
    },
    askRemote: (url) => askRemote(url, options.directory),
    settings: settingsOf(options, state),
  };
}

async function askRemote(url: string, directory: string): ReturnType<Machine["askRemote"]> {
  const { runGit } = await import("../adapters/git/run-git.ts");
  const { protocolOf, Mirrors } = await import("../adapters/git/mirrors.ts");
  const address = new Mirrors({ mirrorsDirectory: tmpdir(), umbrellaDirectory: directory }).absoluteUrl(url);
  try {
    const env = { GIT_ALLOW_PROTOCOL: protocolOf(address) };
    await runGit(["ls-remote", "--quiet", "--", address, "HEAD"], { cwd: directory, env, timeoutMs: REMOTE_MS });
    return { kind: "answers" };
  } catch (cause) {
    return { kind: "silent", reason: cause instanceof Error ? cause.message : String(cause) };
  }
}

async function lookAtState(path: string): Promise<StateDirectory> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { kind: "missing", path, isCreatable: await isWritable(await nearestFolder(path)) };
  return { kind: "there", path, mode: found.mode, isWritable: await isWritable(path) };
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((await stat(folder).catch(() => undefined)) !== undefined || folder === dirname(folder)) return folder;
  }
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

function settingsOf({ server, isServerGiven }: MachineOptions, state: string): readonly MachineSetting[] {
  const { MOBIUS_SERVER, MOBIUS_STATE_DIR, XDG_STATE_HOME, MOBIUS_TOKEN, DATABASE_URL } = process.env;
  const serverFrom = isServerGiven ? "--server" : MOBIUS_SERVER ? "MOBIUS_SERVER" : "the default";
  const stateFrom = MOBIUS_STATE_DIR ? "MOBIUS_STATE_DIR" : XDG_STATE_HOME ? "XDG_STATE_HOME" : "the default";
  return [
    { name: "server", value: server, from: serverFrom },
    { name: "state directory", value: state, from: stateFrom },
    { name: "token", value: "not shown", from: MOBIUS_TOKEN ? "MOBIUS_TOKEN" : "the state directory" },
    {
      name: "database",
      value: DATABASE_URL ? "not shown" : "the embedded one",
      from: DATABASE_URL ? "DATABASE_URL" : "the default",
    },
  ];
}
