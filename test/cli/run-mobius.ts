import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import type { CommandContext } from "../../src/cli/command-context.ts";
import { createProgram } from "../../src/cli/program.ts";
import { ServerClient } from "../../src/cli/server-client.ts";
import type { CommitId } from "../../src/core/values/ids.ts";
import type { Machine } from "../../src/ports/machine.ts";
import type { ScriptRecorder } from "../../src/ports/script-recorder.ts";
import type { Source } from "../../src/ports/source.ts";
import type { UmbrellaGit } from "../../src/ports/umbrella-git.ts";

export const COMMIT = "2".repeat(40) as CommitId;

export interface Setting {
  /** Of the server. */
  readonly url: string;
  readonly token: string;
  /** The umbrella's files. */
  readonly files: Readonly<Record<string, string>>;
  readonly source?: Source;
  readonly at?: Awaited<ReturnType<UmbrellaGit["commitOf"]>>;
  readonly machine?: Machine;
  readonly recordScript?: ScriptRecorder;
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs a command in this process, over real HTTP, with an umbrella in memory. */
export async function runMobius(argv: readonly string[], setting: Setting) {
  const files = new Map(Object.entries(setting.files));
  let out = "";
  let err = "";
  const context = (json: boolean): CommandContext => ({
    directory: "/umbrella",
    cwd: setting.cwd ?? "/umbrella",
    json,
    out: (text) => {
      out += `${text}\n`;
    },
    err: (text) => {
      err += `${text}\n`;
    },
    isTerminal: false,
    keep: async (folder, kept) => {
      for (const [name, text] of Object.entries(kept)) files.set(`kept/${folder}/${name}`, text);
      return `/kept/${folder}`;
    },
    keepPerson: async (name, token) => void files.set(`people/${name}`, token),
    packSource: async () => ({ archive: new Blob(["x"]), files: 1 }),
    input: async () => (setting.input === undefined ? undefined : new TextEncoder().encode(setting.input)),
    clock: systemClock,
    ids: systemIds,
    files: {
      read: async (path) => files.get(path),
      write: async (path, text) => void files.set(path, text),
      list: async (folder) =>
        [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
    },
    server: new ServerClient({
      url: setting.url,
      token: async () => setting.token,
      send: (url, init) => fetch(url, init),
    }),
    git: { commitOf: async () => setting.at ?? { kind: "committed", commit: COMMIT } },
    source: () => setting.source ?? unused(),
    schemas: async () => ({ "mobius.schema.json": "{}" }),
    machine: setting.machine ?? unusedMachine,
    recordScript: setting.recordScript ?? unused,
    signal: new AbortController().signal,
  });
  const program = createProgram({
    version: "0.0.0",
    context: async (common) => context(common.json === true),
    demo: { createSample: unused, startServer: unused },
    serve: unused,
    errorSection: async (code) => (code === "check-failed" ? "check-failed\n\nA check did not pass." : undefined),
    writeOut: (text) => {
      out += text;
    },
    writeErr: (text) => {
      err += text;
    },
  });
  const code = await program.parse(argv);
  return { code, out, err, files };
}

const unusedMachine: Machine = {
  version: unused,
  freeBytes: unused,
  stateDirectory: unused,
  portHolder: unused,
  isolation: unused,
  askRemote: unused,
  settings: [],
};

function unused(): never {
  throw new Error("not in these tests");
}
