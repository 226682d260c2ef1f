import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderProblem } from "../values/problem.ts";
import { classifySql } from "./classify-sql.ts";
import { type SqlPiece, splitSql } from "./split-sql.ts";

function pieces(sql: string): readonly SqlPiece[] {
  const outcome = splitSql(sql, "m.sql");
  if (!outcome.ok) throw new Error(outcome.error.map(renderProblem).join("\n"));
  return outcome.value;
}

function statements(sql: string): readonly string[] {
  return pieces(sql)
    .filter((piece) => piece.words.length > 0)
    .map((piece) => piece.text.slice(piece.start));
}

describe("cutting SQL", () => {
  it.each([
    ["semicolons in strings", "INSERT INTO t VALUES ('a;b');SELECT 1;", 2],
    ["doubled quotes", "SELECT 'it''s; fine'; SELECT 2", 2],
    ["backslashes in plain strings", "SELECT 'c:\\'; SELECT 2;", 2],
    ["backslashes in escape strings", "SELECT E'it\\'s; one'; SELECT 2;", 2],
    ["an E that ends an identifier", "SELECT somee'x\\'; SELECT 2;", 2],
    ["Unicode strings and identifiers", "SELECT U&'\\0061;', U&\"x;y\"; SELECT 2;", 2],
    ["quoted identifiers", 'SELECT "a;""b"; SELECT 2;', 2],
    ["dollar quotes", "CREATE FUNCTION f() RETURNS int AS $$ BEGIN; RETURN 1; END; $$ LANGUAGE plpgsql; SELECT 2;", 2],
    ["dollar quotes with tags", "DO $a$ x; $b$ y; $$ z; $a$; SELECT 2;", 2],
    ["dollars in identifiers", "SELECT a$b$c; SELECT d$b$e;", 2],
    ["parameters", "PREPARE p AS SELECT $1; SELECT $2;", 2],
    ["line comments", "-- a; b\nSELECT 1; -- c; d\nSELECT 2;", 2],
    ["nested comments", "/* a; /* b; */ c; */ SELECT 1; SELECT 2;", 2],
    ["comment marks in strings", "SELECT '/*'; SELECT '*/ --'; SELECT 3;", 3],
    ["rules with several actions", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3;", 2],
    [
      "standard bodies",
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;",
      2,
    ],
    ["no last semicolon", "SELECT 1;\nSELECT 2", 2],
    ["nothing but comments", "-- nothing\n/* here */\n", 0],
    ["empty statements", ";;SELECT 1;;", 1],
  ])("minds %s", (_, sql, count) => {
    expect(statements(sql)).toHaveLength(count);
  });

  it("says where each statement begins", () => {
    const [first, second] = pieces("-- why\nSELECT 1;\n\n  SELECT\n 2;");
    expect(first?.position).toEqual({ file: "m.sql", line: 2, column: 1 });
    expect(second?.position).toEqual({ file: "m.sql", line: 4, column: 3 });
  });

  const fragment = fc.oneof(
    fc.constantFrom(
      "'",
      '"',
      "$$",
      "$a$",
      "--",
      "/*",
      "*/",
      "\n",
      ";",
      "(",
      ")",
      "E'",
      "\\",
      "$1",
      "BEGIN ATOMIC ",
      "END ",
    ),
    fc.string(),
  );

  it("loses nothing: the pieces are the file", () => {
    fc.assert(
      fc.property(fc.array(fragment), (fragments) => {
        const sql = fragments.join("");
        const outcome = splitSql(sql, "m.sql");
        if (outcome.ok) expect(outcome.value.map((piece) => piece.text).join("")).toBe(sql);
        else expect(outcome.error.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  const literal = fc.oneof(
    fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
    fc.string().map((text) => `E'${text.replaceAll(/['\\]/g, "\\$&")}'`),
    fc.string().map((text) => `"${text.replaceAll('"', '""')}"`),
    fc.string().map((text) => `$q$${text.replaceAll("$", "")}$q$`),
    fc.string().map((text) => `/*${text.replaceAll(/[*/]/g, "")}*/ 1`),
    fc.string().map((text) => `1 --${text.replaceAll(/[\r\n]/g, "")}\n`),
  );

  it("cuts at semicolons and nowhere else, whatever is quoted", () => {
    fc.assert(
      fc.property(fc.array(literal), (literals) => {
        const texts = literals.map((text) => `SELECT ${text} ;`);
        expect(pieces(texts.join("")).map((piece) => piece.text)).toEqual(texts);
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes time in proportion to the file", () => {
    const started = performance.now();
    expect(statements("SELECT 1; /* c */ SELECT '';\n".repeat(20_000))).toHaveLength(40_000);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe("saying how SQL has to be run", () => {
  it.each([
    ["CREATE TABLE t (); INSERT INTO t DEFAULT VALUES;", "transactional", 2],
    ["", "transactional", 0],
    ["BEGIN; CREATE TABLE t (); COMMIT;", "transactional", 1],
    ["-- why\nstart transaction;\nCREATE TABLE t ();\nend transaction;\n-- done", "transactional", 1],
    ["BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;", "self-transactional", 3],
    ["CREATE TABLE t (); BEGIN; SELECT 1; COMMIT;", "self-transactional", 4],
    ["BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT;", "self-transactional", 6],
    ["BEGIN; SELECT 1; ROLLBACK;", "self-transactional", 3],
    ["SAVEPOINT a; SELECT 1; ROLLBACK TO a;", "transactional", 3],
    ["DO $$ BEGIN PERFORM 1; END $$;", "transactional", 1],
    ["CREATE INDEX CONCURRENTLY i ON t (a);", "non-transactional", 1],
    ["create unique index concurrently if not exists i on t (a);", "non-transactional", 1],
    ["SELECT 'CREATE INDEX CONCURRENTLY';", "transactional", 1],
    ["VACUUM ANALYZE t;", "non-transactional", 1],
    ["CREATE DATABASE d;", "non-transactional", 1],
    ["REINDEX TABLE CONCURRENTLY t;", "non-transactional", 1],
    ["ALTER TYPE mood ADD VALUE 'calm';", "transactional", 1],
    ["ALTER TYPE mood ADD VALUE 'calm'; INSERT INTO t VALUES ('calm');", "non-transactional", 2],
  ] as const)("%s is %s", (sql, kind, count) => {
    const outcome = classifySql(sql, "m.sql");
    expect(outcome.ok && { kind: outcome.value.kind, count: outcome.value.statements.length }).toEqual({ kind, count });
  });

  it("refuses what no server could run, all at once", () => {
    const refused = [
      "\\connect other\nSELECT 1;\n  \\i more.sql\n",
      "COPY t (a) FROM STDIN;\n",
      "CREATE TABLE t ();\nBEGIN;\nSELECT 1;",
      "SELECT 1;\nDO $body$ BEGIN END;",
    ].map((sql) => classifySql(sql, "m.sql"));
    const texts = refused.flatMap((outcome) => (outcome.ok ? ["accepted"] : outcome.error.map(renderProblem)));
    expect(texts.join("\n\n")).toMatchInlineSnapshot(`
      "error[sql-meta-command]: "\\connect other" is a command of psql, not SQL.
        where: m.sql:1:1
        why:   Migrations are sent to the server itself; psql, which would carry out this line, takes no part.
        fix:   Write it as SQL, or make the migration a script that calls psql.
        more:  docs/errors.md#sql-meta-command

      error[sql-meta-command]: "\\i more.sql" is a command of psql, not SQL.
        where: m.sql:3:3
        why:   Migrations are sent to the server itself; psql, which would carry out this line, takes no part.
        fix:   Write it as SQL, or make the migration a script that calls psql.
        more:  docs/errors.md#sql-meta-command

      error[sql-copy-from-stdin]: COPY … FROM STDIN cannot read its rows from a migration file.
        where: m.sql:1:1
        why:   Only psql finds rows between the statements of a file; the server would take them for SQL.
        fix:   Write the rows as INSERT, or make the migration a script that calls psql.
        more:  docs/errors.md#sql-copy-from-stdin

      error[sql-transaction-left-open]: The transaction that begins here is not ended in this file.
        where: m.sql:2:1
        why:   At the end of the file the server would undo everything since this BEGIN without a word.
        fix:   End it with COMMIT, or take the BEGIN out: a file without its own is one transaction anyway.
        more:  docs/errors.md#sql-transaction-left-open

      error[sql-unterminated]: The body quoted with $body$ that begins here does not end.
        where: m.sql:2:4
        why:   Everything to the end of the file would belong to it.
        fix:   Close it. A quote within a string is written twice; a dollar-quoted body ends with the tag that it began with.
        more:  docs/errors.md#sql-unterminated"
    `);
  });
});
