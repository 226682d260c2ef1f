import { describe, expect, it } from "vitest";
import { digestOf } from "../core/values/digest.ts";
import type { Problem } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";
import type { Databases, MigrationProgram, MigrationToApply } from "./databases.ts";

/** One environment's databases under test, with one provisioned database. */
export interface DatabasesHarness extends AsyncDisposable {
  readonly databases: Databases;
  readonly database: string;
}

/** What all databases keep to. Runs on the fake and on PostgreSQL. */
export function describeDatabases(label: string, start: () => Promise<DatabasesHarness>): void {
  describe(`${label}: databases`, () => {
    it("has an empty ledger until something is applied", async () => {
      await using h = await start();
      expect(await h.databases.ledger(h.database)).toEqual([]);
      expect(await h.databases.ledger("no_such_database")).toEqual([]);
    });

    it("says how many connections its server takes", async () => {
      await using h = await start();
      expect(await h.databases.connectionLimit()).toBeGreaterThan(0);
    });

    it("applies a file once, and remembers everything that was said of it", async () => {
      await using h = await start();
      const sql = "CREATE TABLE once ();";
      const migration = migrationOf(h.database, "db/001.sql", sql);
      expect(await h.databases.applySql(migration, sql)).toEqual({ ok: true, value: "applied" });
      expect(await h.databases.applySql(migration, sql)).toEqual({ ok: true, value: "already-applied" });
      const { database: _, environment: __, ...row } = migration;
      expect(await h.databases.ledger(h.database)).toEqual([{ ...row, state: "applied", at: expect.any(Number) }]);
    });

    it("takes the whole name for the identity, and each module for itself", async () => {
      await using h = await start();
      for (const [index, identifier] of ["db/017_a.sql", "db/017_b.sql", "db/017_a.sql.bak"].entries()) {
        const sql = `CREATE TABLE t${index} ();`;
        expect(codeOf(await h.databases.applySql(migrationOf(h.database, identifier, sql), sql))).toBe("applied");
      }
      const sql = "CREATE TABLE others ();";
      const others = { ...migrationOf(h.database, "db/017_a.sql", sql), module: "other" };
      expect(codeOf(await h.databases.applySql(others, sql))).toBe("applied");
      expect(await h.databases.ledger(h.database)).toHaveLength(4);
    });

    it("refuses an applied file that reads differently now", async () => {
      await using h = await start();
      await h.databases.applySql(migrationOf(h.database, "a.sql", "CREATE TABLE a ();"), "CREATE TABLE a ();");
      const edited = "CREATE TABLE a (b int);";
      const outcome = await h.databases.applySql(migrationOf(h.database, "a.sql", edited), edited);
      expect(codeOf(outcome)).toBe("migration-changed");
    });

    it("leaves nothing of a failed transaction, so that it can be mended", async () => {
      await using h = await start();
      const failing = "CREATE TABLE a ();\nSELECT no_such_function();";
      const outcome = await h.databases.applySql(migrationOf(h.database, "a.sql", failing), failing);
      expect(codeOf(outcome)).toBe("migration-failed");
      expect(outcome.ok ? undefined : outcome.error.where).toMatchObject({ file: "a.sql", line: 2 });
      expect(await h.databases.ledger(h.database)).toEqual([]);
      const mended = "CREATE TABLE a ();";
      expect(codeOf(await h.databases.applySql(migrationOf(h.database, "a.sql", mended), mended))).toBe("applied");
    });

    it("stops everything behind a file that failed outside of a transaction", async () => {
      await using h = await start();
      const failing = "CREATE TABLE a (); BEGIN; SELECT 1; COMMIT; SELECT no_such_function();";
      const outcome = await h.databases.applySql(migrationOf(h.database, "a.sql", failing), failing);
      expect(codeOf(outcome)).toBe("migration-failed");
      expect(await h.databases.ledger(h.database)).toMatchObject([{ identifier: "a.sql", state: "started" }]);
      const next = await h.databases.applySql(migrationOf(h.database, "b.sql", "SELECT 1;"), "SELECT 1;");
      expect(codeOf(next)).toBe("migration-dirty");
    });

    it("runs a script once, with the database's URL", async () => {
      await using h = await start();
      const migration = migrationOf(h.database, "land.sh", "#!/bin/sh");
      const urls: string[] = [];
      const run = async (url: { reveal(): string }) => {
        expect(await h.databases.ledger(h.database)).toMatchObject([{ state: "started" }]);
        urls.push(url.reveal());
        return 0;
      };
      expect(codeOf(await h.databases.applyScript(migration, program(run)))).toBe("applied");
      expect(codeOf(await h.databases.applyScript(migration, program(run)))).toBe("already-applied");
      expect(urls).toHaveLength(1);
      expect(urls[0]).toMatch(/^postgresql:\/\/.+@localhost\/.+/);
    });

    it("does with a dirty migration as a person says, and only with one", async () => {
      await using h = await start();
      const migration = migrationOf(h.database, "land.sh", "#!/bin/sh");
      const { database, module, identifier } = migration;
      await h.databases.applyScript(
        migration,
        program(async () => 3),
      );
      const other = { database, module: "other", identifier, outcome: "applied" } as const;
      expect(await h.databases.settle(other)).toEqual({ ok: true, value: false });
      const undone = { database, module, identifier, outcome: "not-applied" } as const;
      expect(await h.databases.settle(undone)).toEqual({ ok: true, value: true });
      expect(await h.databases.ledger(h.database)).toEqual([]);
      await h.databases.applyScript(
        migration,
        program(async () => 3),
      );
      expect(await h.databases.settle({ ...undone, outcome: "applied" })).toEqual({ ok: true, value: true });
      expect(await h.databases.ledger(h.database)).toMatchObject([{ identifier, state: "applied", release: "REL-1" }]);
      expect(await h.databases.settle(undone)).toEqual({ ok: true, value: false });
      expect(
        codeOf(
          await h.databases.applyScript(
            migration,
            program(async () => 0),
          ),
        ),
      ).toBe("already-applied");
    });

    it("asks what should be true now, before anything counts as applied", async () => {
      await using h = await start();
      const said = (statement: string) => `CREATE TABLE IF NOT EXISTS t ();\n-- postcondition: ${statement}\n`;
      const apply = (identifier: string, sql: string) =>
        h.databases.applySql(migrationOf(h.database, identifier, sql), sql);
      expect(codeOf(await apply("a.sql", said("SELECT true")))).toBe("applied");
      const refused = await apply("b.sql", said("SELECT false"));
      expect(codeOf(refused)).toBe("migration-failed");
      expect(refused.ok ? [] : refused.error.why.join("\n")).toContain("Its postcondition is not true");
      expect(await h.databases.ledger(h.database)).toHaveLength(1);
      const swallowed = migrationOf(h.database, "land.py", "");
      const zero = program(async () => 0, ["SELECT true", "SELECT false"]);
      expect(codeOf(await h.databases.applyScript(swallowed, zero))).toBe("migration-failed");
      expect(await h.databases.ledger(h.database)).toMatchObject([{}, { identifier: "land.py", state: "started" }]);
    });

    it("adopts what was there before, all of it or nothing, and runs none of it", async () => {
      await using h = await start();
      const { database } = h;
      expect(await h.databases.earlierRows(database, "schema_migrations")).toBeUndefined();
      const migrations = ["a.sql", "b.sql"].map((identifier) => ({ identifier, checksum: digestOf("SELECT 1;") }));
      const said = { environment: "staging", database, module: "chat", source: "by hand", who: "person:ada" };
      expect(await h.databases.adopt({ ...said, migrations })).toEqual({ ok: true, value: 2 });
      expect(await h.databases.adopt({ ...said, migrations })).toEqual({ ok: true, value: 0 });
      expect(await h.databases.ledger(database)).toMatchObject([
        { identifier: "a.sql", state: "applied", manifest: "by hand", release: "baseline", who: "person:ada" },
        { identifier: "b.sql", state: "applied" },
      ]);
      const others = [...migrations, { identifier: "c.sql", checksum: digestOf("c") }];
      const edited = [
        { identifier: "d.sql", checksum: digestOf("d") },
        { identifier: "b.sql", checksum: digestOf("x") },
      ];
      expect(await h.databases.adopt({ ...said, migrations: edited })).toMatchObject({
        error: { code: "migration-changed" },
      });
      expect(await h.databases.ledger(database)).toHaveLength(2);
      expect(await h.databases.adopt({ ...said, migrations: others })).toEqual({ ok: true, value: 1 });
      const sql = "SELECT 1;";
      expect(codeOf(await h.databases.applySql(migrationOf(database, "a.sql", sql), sql))).toBe("already-applied");
    });

    it("keeps a script that failed as started", async () => {
      await using h = await start();
      const migration = migrationOf(h.database, "land.sh", "#!/bin/sh");
      expect(
        codeOf(
          await h.databases.applyScript(
            migration,
            program(async () => 3),
          ),
        ),
      ).toBe("migration-failed");
      expect(
        codeOf(
          await h.databases.applyScript(
            migration,
            program(async () => 0),
          ),
        ),
      ).toBe("migration-dirty");
    });
  });
}

/** A program without postconditions. */
export function program(run: MigrationProgram["run"], postconditions: readonly string[] = []): MigrationProgram {
  return { run, postconditions };
}

/** A migration of the module `chat` with that text. */
export function migrationOf(database: string, identifier: string, text: string): MigrationToApply {
  return {
    ...{ environment: "staging", database, module: "chat", identifier, checksum: digestOf(text) },
    ...{ manifest: "staging.yaml", release: "REL-1", who: "person:ada" },
  };
}

/** The outcome in a word. */
export function codeOf(outcome: Result<"applied" | "already-applied", Problem>): string {
  return outcome.ok ? outcome.value : outcome.error.code;
}
