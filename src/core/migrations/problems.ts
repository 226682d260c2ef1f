import type { Problem, Where } from "../values/problem.ts";
import { formatDuration } from "../values/time.ts";

/** What a problem says of the migration that is to be applied. */
export interface MigrationFile {
  readonly environment: string;
  readonly database: string;
  readonly identifier: string;
  readonly checksum: string;
}

/** What a problem says of a row in the migration ledger. */
export interface EarlierRun {
  readonly identifier: string;
  readonly checksum: string;
  readonly release: string;
}

/** A string, identifier or comment that never ends. */
export function sqlUnterminated(what: string, where: Where): Problem {
  return {
    code: "sql-unterminated",
    severity: "error",
    summary: `The ${what} that begins here does not end.`,
    where,
    why: ["Everything to the end of the file would belong to it."],
    fix: "Close it. A quote within a string is written twice; a dollar-quoted body ends with the tag that it began with.",
  };
}

/** A command of the program psql, which the server does not know. */
export function sqlMetaCommand(command: string, where: Where): Problem {
  return {
    code: "sql-meta-command",
    severity: "error",
    summary: `"${command}" is a command of psql, not SQL.`,
    where,
    why: ["Migrations are sent to the server itself; psql, which would carry out this line, takes no part."],
    fix: "Write it as SQL, or make the migration a script that calls psql.",
  };
}

/** `COPY … FROM STDIN`, whose rows would have to follow in the file. */
export function sqlCopyFromStdin(where: Where): Problem {
  return {
    code: "sql-copy-from-stdin",
    severity: "error",
    summary: "COPY … FROM STDIN cannot read its rows from a migration file.",
    where,
    why: ["Only psql finds rows between the statements of a file; the server would take them for SQL."],
    fix: "Write the rows as INSERT, or make the migration a script that calls psql.",
  };
}

/** The file begins a transaction, and ends without ending it. */
export function sqlTransactionLeftOpen(where: Where): Problem {
  return {
    code: "sql-transaction-left-open",
    severity: "error",
    summary: "The transaction that begins here is not ended in this file.",
    where,
    why: ["At the end of the file the server would undo everything since this BEGIN without a word."],
    fix: "End it with COMMIT, or take the BEGIN out: a file without its own is one transaction anyway.",
  };
}

/** The migration was applied from a file that read differently. */
export function migrationChanged(migration: MigrationFile, row: EarlierRun): Problem {
  const { identifier, database } = migration;
  return {
    code: "migration-changed",
    severity: "error",
    summary: `Migration "${identifier}" was applied to ${database} from a file that reads differently now.`,
    why: [
      `Release ${row.release} applied it with checksum ${row.checksum}; the file has ${migration.checksum}.`,
      "The schema and the file no longer say the same.",
    ],
    fix: "Put the applied file back, and write the change as a new migration.",
  };
}

/** A migration was begun and nobody knows how far it came. */
export function migrationDirty({ environment, database }: Place, row: EarlierRun): Problem {
  return {
    code: "migration-dirty",
    severity: "error",
    summary: `Migration "${row.identifier}" was started on ${database} and never finished.`,
    why: [
      `Release ${row.release} started it. It runs in no transaction, so it may be half applied.`,
      "Anything that follows would build on unknown ground.",
    ],
    fix: `Look at the database, then say how it stands. ${resolving(environment, row.identifier)}`,
  };
}

type Place = Pick<MigrationFile, "environment" | "database">;

/** How a person settles a dirty migration. */
function resolving(environment: string, identifier: string): string {
  return `Where all of it is there: mobius migrations resolve ${environment} ${identifier} --applied --reason "…"; where nothing of it is left: the same with --not-applied.`;
}

/** What a failed migration left behind. */
export type Remains = "nothing" | "unknown";

/** The server refused a statement, or the script ended with an error. */
export function migrationFailed(failure: {
  readonly migration: MigrationFile;
  readonly reasons: readonly string[];
  readonly remains: Remains;
  readonly where?: Where | undefined;
}): Problem {
  const { migration, reasons, remains, where } = failure;
  const { environment, identifier, database } = migration;
  const left =
    remains === "nothing"
      ? "Nothing of it was applied: its transaction was undone as a whole."
      : "It runs in no transaction of ours, so what came before the failure stays applied.";
  const again = "Mend the file, commit and push it, and release again.";
  return {
    code: "migration-failed",
    severity: "error",
    summary: `Migration "${identifier}" failed on ${database}.`,
    ...(where === undefined ? {} : { where }),
    why: [...reasons, left],
    fix:
      remains === "nothing"
        ? again
        : `Look at the database, then say how it stands. ${resolving(environment, identifier)} ${again}`,
  };
}

/** Another session has migrated this database for longer than we wait. */
export function migrationBlocked(
  migration: Pick<MigrationFile, "identifier" | "database">,
  holder: { readonly pid: number; readonly application: string; readonly forMs: number },
): Problem {
  return {
    code: "migration-blocked",
    severity: "error",
    summary: `Migration "${migration.identifier}" could not begin: ${migration.database} is being migrated.`,
    why: [
      `Session ${holder.pid} (${holder.application}) has held the migration lock's connection for ${formatDuration(holder.forMs)}.`,
    ],
    fix: `Wait for it, then release again. If it hangs, end it: SELECT pg_terminate_backend(${holder.pid})`,
  };
}

/** A person names a migration that no ledger of the environment has. */
export function migrationUnknown(environment: string, identifier: string, dirty: readonly string[]): Problem {
  return {
    code: "migration-unknown",
    severity: "error",
    summary: `No migration ledger of ${environment} has "${identifier}".`,
    why: [dirty.length === 0 ? "No migration there is dirty." : `Dirty there: ${dirty.join(", ")}.`],
    fix: `Take its whole name as it stands in: mobius migrations list ${environment}`,
  };
}

/** A person names a migration that stands in more than one ledger, or under more than one module. */
export function migrationAmbiguous(environment: string, identifier: string, places: readonly string[]): Problem {
  return {
    code: "migration-ambiguous",
    severity: "error",
    summary: `"${identifier}" is the name of ${places.length} migrations of ${environment}.`,
    why: places,
    fix: "Say which one is meant with --database, --module or both.",
  };
}

/** A person settles a migration that has an outcome already. */
export function migrationNotDirty(database: string, row: EarlierRun): Problem {
  return {
    code: "migration-not-dirty",
    severity: "error",
    summary: `Migration "${row.identifier}" is applied to ${database}, and nothing about it is open.`,
    why: [`Release ${row.release} applied it. Only one that was started and never finished waits for a person.`],
    fix: "Leave it as it is. To take its change back, write a new migration.",
  };
}
