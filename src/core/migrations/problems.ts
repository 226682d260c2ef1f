import type { Problem, Where } from "../values/problem.ts";

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
