import type { NonEmpty } from "../core/values/problem.ts";
import type { Secret } from "../core/values/secret.ts";
import type { BuildNetwork } from "./build-network.ts";

/** One process to run on the host. `env` is the whole environment: nothing is inherited. */
export interface ProcessSpec {
  /** Unique among the supervisor's processes; part of file names, so `[a-zA-Z0-9._-]`. */
  readonly id: string;
  readonly argv: NonEmpty<string>;
  /** A command that runs `argv` in some surroundings, such as namespaces of its own. */
  readonly wrap?: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where standard output and error go, appended; the file is made when missing. */
  readonly logPath: string;
  /** Values that are hidden in the output before it is stored. */
  readonly mask?: readonly Secret[];
  /** Bytes of output that are kept, 1 GiB where nothing is said; the log's last line then says what was cut off. */
  readonly quotaBytes?: number;
}

export interface ExitRecord {
  readonly id: string;
  /** Exit code, the signal's name, or that the program could not be started. */
  readonly outcome:
    | { readonly kind: "exited"; readonly code: number }
    | { readonly kind: "signalled"; readonly signal: string }
    | { readonly kind: "not-started"; readonly reason: string };
}

/**
 * Runs processes so that none outlives its owner: each is the leader of a group of its own, and all end when the server
 * that asked for them dies, however it dies. Exit records are on disk before `exited` resolves.
 */
export interface Supervisor {
  /** With which its processes find what their network lets out; none in the host's. */
  readonly variables: Readonly<Record<string, string>>;
  start(spec: ProcessSpec): Promise<RunningProcess>;
  /** Ends everything with the kill ladder (SIGTERM, grace, SIGKILL) and the supervisor itself. */
  close(): Promise<void>;
}

export interface RunningProcess {
  readonly id: string;
  /** Undefined when the program could not be started; `exited` then says why. */
  readonly pid: number | undefined;
  /** Rejects where the supervisor itself died: what became of the process is unknown then. */
  readonly exited: Promise<ExitRecord>;
  /** SIGTERM to the group, SIGKILL after the grace; resolves when nothing of it is left. */
  stop(graceMs: number): Promise<ExitRecord>;
}

export interface SupervisorRequest {
  /** Marks the processes (`MOBIUS_PROCESS_MARK`), so that strays are found. */
  readonly name: string;
  /** Takes exit records. */
  readonly directory: string;
  /** A command that runs the supervisor, and with it all its processes, in some surroundings; found on `path`. */
  readonly wrap?: { readonly command: NonEmpty<string>; readonly path: string };
  /** What is let into and out of the network of its own that `wrap` gives it; it has the host's where nothing is said. */
  readonly network?: BuildNetwork;
}

/** Makes one supervisor: per build for its steps, per server for service instances. */
export interface Supervisors {
  open(request: SupervisorRequest): Promise<Supervisor>;
  /** Ends processes of this installation that an earlier server left behind; how many there were. */
  sweep(): Promise<number>;
}
