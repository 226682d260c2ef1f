import type { ExitRecord } from "../../ports/processes.ts";

/** What a server tells its supervisor: one JSON value a line, on the supervisor's standard input. */
export type SupervisorCommand =
  | {
      readonly type: "start";
      readonly id: string;
      readonly argv: readonly string[];
      /** A command that runs the process in some surroundings; it is looked for where the process itself is. */
      readonly wrap?: readonly string[];
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
      readonly logPath: string;
      /** Values to hide, as byte strings. */
      readonly mask: readonly string[];
      /** Bytes of output that are kept; 1 GiB where nothing is said. */
      readonly quotaBytes?: number;
    }
  | { readonly type: "stop"; readonly id: string; readonly graceMs: number };

/** What a supervisor answers, on its standard output. */
export type SupervisorReport =
  | { readonly type: "started"; readonly id: string; readonly pid: number }
  | { readonly type: "exited"; readonly id: string; readonly outcome: ExitRecord["outcome"] };

/** Environment variable that marks a process as ours: `<installation>/<name>/<id>`, a supervisor `<installation>/<name>`. */
export const MARK_VARIABLE = "MOBIUS_PROCESS_MARK";

/** Environment variable that says which run of the server a process belongs to. */
export const OWNER_VARIABLE = "MOBIUS_PROCESS_OWNER";
