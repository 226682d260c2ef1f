import type { CommitId } from "../core/values/ids.ts";
import type { RepositoryUrl } from "./source.ts";

/** What is run of a checkout. Paths are relative to the repository. */
export type Program =
  /** By its ending with Node or bash, otherwise as it is. */
  | { readonly kind: "script"; readonly path: string }
  /** A module's `migrate` or `run_migration`, whichever it has, imported from the repository's root. */
  | { readonly kind: "python"; readonly path: string }
  /** `alembic upgrade` to exactly that revision, in the folder of `alembic.ini`. */
  | { readonly kind: "alembic"; readonly folder: string; readonly revision: string };

export interface ScriptRun {
  readonly id: string;
  readonly repository: RepositoryUrl;
  readonly commit: CommitId;
  readonly program: Program;
  /** Its whole environment besides PATH and HOME. */
  readonly variables: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs a program of a repository at a commit, such as a migration script. */
export interface Scripts {
  /** The program of this machine that is needed and not there; asked before anything is recorded. */
  missing(program: Program): Promise<string | undefined>;
  /** Exit code of the program; its output line by line. */
  run(request: ScriptRun): Promise<number>;
}
