import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createSource } from "../adapters/git/source.ts";
import { createUmbrellaGit } from "../adapters/git/umbrella-git.ts";
import { systemClock as clock } from "../adapters/system/system-clock.ts";
import { systemIds as ids } from "../adapters/system/system-ids.ts";
import type { CommandContext, Files } from "../cli/command-context.ts";
import type { CommandDefinition, CommonOptions } from "../cli/command-definition.ts";
import { personUnknown, umbrellaNotFound } from "../cli/problems.ts";
import { createProgram } from "../cli/program.ts";
import { report } from "../cli/report.ts";
import { DEFAULT_SERVER, ServerClient } from "../cli/server-client.ts";
import { Bug } from "../core/values/assert.ts";
import { inspectMachine } from "./inspect-machine.ts";
import { keepToken, keptToken } from "./kept-tokens.ts";
import { stateDirectory, statePaths } from "./state-paths.ts";
import { watchSignals } from "./watch-signals.ts";

const DEMO_FOLDER = "mobius-demo";

const out = (text: string) => void process.stdout.write(`${text}\n`);
const err = (text: string) => void process.stderr.write(`${text}\n`);

/** Runs one command and gives its exit code. A fault of ours is 70. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const signals = watchSignals(err);
  const settings = serverSettings();
  const program = createProgram({
    version: (JSON.parse(await readFile(installed("package.json"), "utf8")) as { version: string }).version,
    context: (options, needs) => makeContext(options, needs, signals.signal),
    // Loaded by the commands that run a server, and by no other.
    demo: {
      createSample: async (directory) => (await demo(settings)).createSample(directory),
      startServer: async (request) => (await demo(settings)).startServer(request),
    },
    serve: async (context, given) => (await import("./serve.ts")).serve(context, { ...settings, ...given }),
    errorSection,
    writeOut: (text) => void process.stdout.write(text),
    writeErr: (text) => void process.stderr.write(text),
  });
  try {
    const code = await program.parse(argv);
    return signals.exitCode() ?? code;
  } catch (cause) {
    err(
      cause instanceof Bug
        ? `A fault of mobius itself: ${cause.message}`
        : String(cause instanceof Error ? cause.stack : cause),
    );
    err("Please report this with what you did.");
    return 70;
  }
}

async function demo(settings: ReturnType<typeof serverSettings>) {
  const { demoParts } = await import("./demo-parts.ts");
  return demoParts(settings, personToken);
}

function serverSettings() {
  const { DATABASE_URL, PATH, MOBIUS_KILL_POINT, MOBIUS_CLOUD_PROXY, DOCKER_HOST = "" } = process.env;
  const { MOBIUS_RECEIVERS = "", MOBIUS_PUSH_AUDIENCE = "", MOBIUS_PUSH_ACCOUNT = "" } = process.env;
  return {
    stateDirectory: resolve(stateDirectory(process.env)),
    ...(DATABASE_URL ? { databaseUrl: DATABASE_URL } : {}),
    searchPath: PATH ?? "",
    dockerSocket: /^unix:\/\/(.+)$/.exec(DOCKER_HOST)?.[1] ?? "/var/run/docker.sock",
    receivers: MOBIUS_RECEIVERS,
    push: { audience: MOBIUS_PUSH_AUDIENCE, account: MOBIUS_PUSH_ACCOUNT },
    person: personName(),
    log: err,
    // For tests of faults: a proxy of theirs between releases and the embedded cloud.
    ...(MOBIUS_CLOUD_PROXY ? { cloudUrl: MOBIUS_CLOUD_PROXY } : {}),
    // For tests of crashes: the server kills itself where it is told to.
    reach: (point: string) => {
      if (point === killPoint(MOBIUS_KILL_POINT)) process.kill(process.pid, "SIGKILL");
    },
  };
}

/** The point itself, or `@<file>` that holds it: it may be set while the server runs. */
function killPoint(setting: string | undefined): string | undefined {
  if (setting?.startsWith("@") !== true) return setting;
  try {
    return readFileSync(setting.slice(1), "utf8").trim();
  } catch {
    return undefined; // none is set
  }
}

function personName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // an account without a name, as in some containers
  }
}

async function makeContext(
  options: CommonOptions,
  needs: NonNullable<CommandDefinition["needs"]>,
  signal: AbortSignal,
): Promise<CommandContext | number> {
  const from = resolve(options.dir ?? (needs === "folder" ? DEMO_FOLDER : "."));
  const isAsked = needs === "folder" || needs === "anywhere" || options.dir !== undefined;
  const directory = isAsked ? from : ((await nearestUmbrella(from)) ?? (needs === "nearest" ? from : undefined));
  const json = options.json === true;
  if (directory === undefined) return report({ json, out, err }, [umbrellaNotFound(from)]);
  const source = () =>
    createSource({ mirrorsDirectory: statePaths(stateDirectory(process.env)).mirrors, umbrellaDirectory: directory });
  const people = statePaths(stateDirectory(process.env)).people;
  const token = options.as === undefined ? personToken : () => keptToken(people, options.as ?? "");
  if (options.as !== undefined && (await token()) === undefined) {
    return report({ json, out, err }, [personUnknown(options.as, people)]);
  }
  const url = (options.server ?? process.env.MOBIUS_SERVER ?? DEFAULT_SERVER).replace(/\/+$/, "");
  return {
    directory,
    cwd: process.cwd(),
    json,
    out,
    err,
    isTerminal: process.stderr.isTTY === true,
    keep: async (folder, kept) => {
      const path = join(statePaths(stateDirectory(process.env)).tools, folder);
      await mkdir(path, { recursive: true, mode: 0o700 });
      for (const [name, text] of Object.entries(kept)) await writeFile(join(path, name), text, { mode: 0o600 });
      return path;
    },
    keepPerson: (name, value) => keepToken(people, name, value),
    packSource: async () => (await import("../adapters/archives/pack-folder.ts")).packFolder(directory),
    input: async () => (process.stdin.isTTY === true ? undefined : readAll(process.stdin)),
    clock,
    ids,
    files: umbrellaFiles(directory),
    server: new ServerClient({ url, token, send: (address, init) => fetch(address, init) }),
    git: createUmbrellaGit(directory),
    source,
    schemas: installedSchemas,
    machine: inspectMachine({ directory, server: url, isServerGiven: options.server !== undefined }),
    recordScript: async (request) => (await import("./record-script.ts")).recordScript(source(), request),
    signal,
  };
}

async function nearestUmbrella(from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const names: readonly string[] = await readdir(folder).catch(() => []);
    if (names.includes("mobius.yaml")) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** What is longer than any value that a command takes is not read to its end. */
const MAX_INPUT_BYTES = 1024 * 1024;

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) break;
  }
  return Buffer.concat(chunks);
}

/** `MOBIUS_TOKEN`, or the token file of the state directory, which only its owner can read. */
async function personToken(): Promise<string | undefined> {
  if (process.env.MOBIUS_TOKEN) return process.env.MOBIUS_TOKEN;
  const text = await readFile(join(stateDirectory(process.env), "token"), "utf8").catch(() => undefined);
  return text?.trim();
}

function umbrellaFiles(directory: string): Files {
  return {
    read: (path) => readFile(join(directory, path), "utf8").catch(() => undefined),
    async write(path, text) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    },
    list: async (folder) => (await readdir(join(directory, folder)).catch(() => [])).sort(),
  };
}

async function installedSchemas(): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(installed("schemas"))).sort();
  const texts = names.map(async (name) => [name, await readFile(installed(`schemas/${name}`), "utf8")] as const);
  return Object.fromEntries(await Promise.all(texts));
}

/** One error's section of the documentation. */
async function errorSection(code: string): Promise<string | undefined> {
  const text = await readFile(installed("docs/errors.md"), "utf8");
  const section = text.split(/^## /m).find((part) => part.split("\n")[0]?.trim() === code);
  return section?.trim();
}

function installed(path: string): string {
  return resolve(import.meta.dirname, "..", "..", path);
}
