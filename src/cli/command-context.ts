import type { Problem } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";
import type { Clock, Ids } from "../ports/clock.ts";
import type { Machine } from "../ports/machine.ts";
import type { ScriptRecorder } from "../ports/script-recorder.ts";
import type { Source } from "../ports/source.ts";
import type { StepWork } from "../ports/step-work.ts";
import type { UmbrellaGit } from "../ports/umbrella-git.ts";
import type { ServerClient } from "./server-client.ts";

/** What a command works with; `main` fills it in. Standard output takes the result and nothing else. */
export interface CommandContext {
  /** The umbrella's folder, absolute. */
  readonly directory: string;
  /** Where the person is, absolute: paths that they type are seen from here first. */
  readonly cwd: string;
  readonly json: boolean;
  /** Writes a result, with a line break. */
  readonly out: (text: string) => void;
  /** Writes progress and messages, with a line break. */
  readonly err: (text: string) => void;
  readonly isTerminal: boolean;
  /** Makes a folder for a tool's own settings, only its owner's, with the files given; gives its path. */
  readonly keep: (folder: string, files: Readonly<Record<string, string>>) => Promise<string>;
  /** Keeps a person's token in a file of this account's, for `--as`. */
  readonly keepPerson: (name: string, token: string) => Promise<void>;
  /** The folder's files as a gzipped tar archive: what git tracks or would, or everything where there is no git. */
  readonly packSource: () => Promise<{ readonly archive: Blob; readonly files: number }>;
  /** All of standard input; undefined where a person would have to type it. */
  readonly input: () => Promise<Uint8Array | undefined>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly files: Files;
  readonly server: ServerClient;
  readonly git: UmbrellaGit;
  readonly source: () => Source;
  readonly machine: Machine;
  /** The JSON Schemas of our files: name → text. */
  readonly schemas: () => Promise<Readonly<Record<string, string>>>;
  /** Runs a script with everything outside replaced, and writes down what it would have done. */
  readonly recordScript: ScriptRecorder;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Files of the umbrella; paths are relative to it. */
export interface Files {
  read(path: string): Promise<string | undefined>;
  write(path: string, text: string): Promise<void>;
  /** Names in a folder, sorted; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
}

/** What the demo needs besides: it makes a sample and runs a server in this process. */
export interface DemoParts {
  readonly createSample: (directory: string) => Promise<Result<MadeSample, Problem>>;
  readonly startServer: (request: ServerStart) => Promise<StartedServer | Problem>;
}

/** What runs the steps of builds: `auto` is all that the machine has, the host first. */
export type ExecutorKind = "auto" | "host" | "docker" | "oci";

export interface ServerStart {
  readonly directory: string;
  readonly port: number;
  readonly executor: ExecutorKind;
}

export interface MadeSample {
  /** False where it was there already. */
  readonly created: boolean;
  /** The manifest to release, beneath the umbrella. */
  readonly manifest: string;
}

export interface StartedServer {
  readonly url: string;
  readonly boardLink: string;
  readonly client: ServerClient;
  readonly stop: () => Promise<void>;
}

/** What a step's command needs. */
export interface StepContext {
  readonly clock: Clock;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly server: ServerClient;
  readonly work: StepWork;
}
