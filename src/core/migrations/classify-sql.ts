import type { NonEmpty, Problem } from "../values/problem.ts";
import { err, ok, type Result } from "../values/result.ts";
import { sqlTransactionLeftOpen } from "./problems.ts";
import { type SqlPiece, splitSql } from "./split-sql.ts";

/**
 * How a migration file has to be run.
 * - `transactional`: as one transaction together with its ledger row. A file whose only transaction statements are a
 *   plain BEGIN before and a COMMIT after everything else is one too: those two are left out, for ours do the same.
 * - `self-transactional`: it has its own transactions; statement by statement, as it is.
 * - `non-transactional`: it has a statement that PostgreSQL allows in no transaction; statement by statement.
 */
export interface SqlFile {
  readonly kind: "transactional" | "self-transactional" | "non-transactional";
  /** In order, without those that are only comments. */
  readonly statements: readonly SqlPiece[];
}

/** Cuts the file and says how it has to be run, or gives every problem that keeps it from being run at all. */
export function classifySql(sql: string, file: string): Result<SqlFile, NonEmpty<Problem>> {
  const pieces = splitSql(sql, file);
  if (!pieces.ok) return pieces;
  const statements = pieces.value.filter((piece) => piece.words.length > 0);
  const controls = statements.filter((statement) => controlOf(statement) !== undefined);
  const open = leftOpen(statements);
  if (open !== undefined) return err([sqlTransactionLeftOpen(open.position)]);
  if (isOneBlock(statements, controls)) return ok({ kind: "transactional", statements: statements.slice(1, -1) });
  if (controls.length > 0) return ok({ kind: "self-transactional", statements });
  const needsNone = statements.some((statement, index) => refusesTransaction(statement, statements.slice(index + 1)));
  return ok({ kind: needsNone ? "non-transactional" : "transactional", statements });
}

/** What a statement does to the transaction; savepoints stay within one and do not count. */
function controlOf({ words }: SqlPiece): "begin" | "end" | undefined {
  const [first, second] = words;
  switch (first) {
    case "BEGIN":
      return "begin";
    case "START":
      return second === "TRANSACTION" ? "begin" : undefined;
    case "COMMIT":
    case "END":
    case "ABORT":
      return words.includes("CHAIN") && !words.includes("NO") ? "begin" : "end";
    case "ROLLBACK":
      return words.includes("TO") ? undefined : "end";
    case "PREPARE":
      return second === "TRANSACTION" ? "end" : undefined;
    default:
      return undefined;
  }
}

function leftOpen(statements: readonly SqlPiece[]): SqlPiece | undefined {
  let open: SqlPiece | undefined;
  for (const statement of statements) {
    const control = controlOf(statement);
    if (control === "begin") open = statement;
    if (control === "end") open = undefined;
  }
  return open;
}

const PLAIN_BEGIN = /^(BEGIN( WORK| TRANSACTION)?|START TRANSACTION)$/;
const PLAIN_COMMIT = /^(COMMIT|END)( WORK| TRANSACTION)?$/;

function isOneBlock(statements: readonly SqlPiece[], controls: readonly SqlPiece[]): boolean {
  const [begin, commit] = controls;
  if (controls.length !== 2 || begin !== statements[0] || commit !== statements.at(-1)) return false;
  return PLAIN_BEGIN.test(begin?.words.join(" ") ?? "") && PLAIN_COMMIT.test(commit?.words.join(" ") ?? "");
}

/** Beginnings of statements that PostgreSQL allows in no transaction block. */
const NEVER_IN_TRANSACTION = [
  /^VACUUM\b/,
  /^(CREATE|DROP) (DATABASE|TABLESPACE|SUBSCRIPTION)\b/,
  /^ALTER SYSTEM\b/,
  /^ALTER DATABASE \S+ SET TABLESPACE\b/,
  /^CREATE (UNIQUE )?INDEX CONCURRENTLY\b/,
  /^DROP INDEX CONCURRENTLY\b/,
  /^REINDEX (SCHEMA|DATABASE|SYSTEM)\b/,
  /^REINDEX (VERBOSE )?(INDEX|TABLE) CONCURRENTLY\b/,
  /^ALTER TABLE .*\bDETACH PARTITION .*\bCONCURRENTLY$/,
  /^CLUSTER( VERBOSE)?$/,
];

function refusesTransaction(statement: SqlPiece, later: readonly SqlPiece[]): boolean {
  const text = statement.words.slice(0, 100).join(" ");
  return NEVER_IN_TRANSACTION.some((pattern) => pattern.test(text)) || addsValueUsedLater(statement, later);
}

/** A value added to an enum may be used only after its own transaction has ended. */
function addsValueUsedLater({ words }: SqlPiece, later: readonly SqlPiece[]): boolean {
  if (words[0] !== "ALTER" || words[1] !== "TYPE") return false;
  const add = words.findIndex((word, index) => word === "ADD" && words[index + 1] === "VALUE");
  const value = add === -1 ? undefined : words.slice(add).find((word) => word.startsWith("'"));
  // Within a function's body, or as part of a longer text, it may be used too.
  return value !== undefined && later.some((statement) => statement.text.includes(value));
}
