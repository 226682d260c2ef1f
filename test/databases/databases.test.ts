import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect as connectTo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabases, type DatabasesOptions } from "../../src/adapters/database/databases.ts";
import { openCluster, openCopy } from "../../src/adapters/postgres/open-cluster.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { renderProblem } from "../../src/core/values/problem.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { codeOf, describeDatabases, migrationOf, program } from "../../src/ports/databases.contract.ts";
import { queryOnce, startTestCluster, type TestCluster } from "../support/cluster.ts";

let test: TestCluster;
let count = 0;

beforeAll(async () => {
  test = await startTestCluster();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

const PASSWORD = new Secret("p$a@s,s'w:o/r%d");

async function harness(more: Partial<DatabasesOptions> = {}, { cluster, directory } = test) {
  const databases = createDatabases({
    cluster,
    backupsDirectory: join(directory, "backups"),
    clock: systemClock,
    ids: systemIds,
    openCopy: async (copy) => {
      const options = { directory: copy, name: "copy", clock: systemClock, ids: systemIds };
      const opened = await openCopy({ ...options, password: cluster.superuser.password });
      if (!opened.ok) throw new Error(renderProblem(opened.error));
      return opened.value;
    },
    ...more,
  });
  const database = `chat_${++count}`;
  const user = `chat-user_${count}`;
  await databases.provision([{ name: database, user, password: PASSWORD }]);
  const apply = async (identifier: string, sql: string) =>
    databases.applySql(migrationOf(database, identifier, sql), sql);
  const query = (sql: string) => queryOnce(cluster.connect(database), sql);
  return { databases, database, user, apply, query, [Symbol.asyncDispose]: async () => {} };
}

describeDatabases("PostgreSQL", () => harness());

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not come to pass");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("provisioned databases", () => {
  it("are reached with the URL, whatever the password holds, and only by their own user", async () => {
    await using a = await harness();
    await using b = await harness();
    const url = a.databases.url(a.database, a.user, PASSWORD).reveal();
    expect(url).toBe(
      `postgresql://${a.user}:p%24a%40s%2Cs'w%3Ao%2Fr%25d@localhost/${a.database}?host=${test.cluster.socketDirectory}`,
    );
    expect(await queryOnce({ connectionString: url }, "SELECT current_user AS u, current_database() AS d")).toEqual([
      { u: a.user, d: a.database },
    ]);
    const foreign = b.databases.url(a.database, b.user, PASSWORD).reveal();
    await expect(queryOnce({ connectionString: foreign }, "SELECT 1")).rejects.toThrow(
      "permission denied for database",
    );
  });

  it("are provisioned again without harm, and take a new password", async () => {
    await using h = await harness();
    await h.query("CREATE TABLE kept ()");
    const password = new Secret("another");
    const declared = [{ name: h.database, user: h.user, password }];
    await Promise.all([h.databases.provision(declared), h.databases.provision(declared)]);
    await queryOnce({ connectionString: h.databases.url(h.database, h.user, password).reveal() }, "SELECT 1");
    expect(codeOf(await h.apply("a.sql", "SELECT 1;"))).toBe("applied");
    expect(await h.query("SELECT to_regclass('kept') IS NOT NULL AS kept")).toEqual([{ kept: true }]);
  });

  it("never belong to the superuser", async () => {
    await using h = await harness();
    const { user } = test.cluster.superuser;
    const declared = [{ name: "x", user, password: PASSWORD }];
    await expect(h.databases.provision(declared)).rejects.toThrow("is a superuser");
  });
});

describe("SQL migrations", () => {
  it("belong to the database's user, bodies and all", async () => {
    await using h = await harness();
    const sql = `
      CREATE TABLE t (n int);
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.n := NEW.n + 1; -- a semicolon; and a quote '
        RETURN NEW;
      END;
      $$;
      CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
      INSERT INTO t VALUES (1);`;
    expect(codeOf(await h.apply("db/033.sql", sql))).toBe("applied");
    expect(await h.query("SELECT n FROM t")).toEqual([{ n: 2 }]);
    expect(await h.query("SELECT tableowner FROM pg_tables WHERE tablename = 't'")).toEqual([{ tableowner: h.user }]);
  });

  it("that rename are applied once, also when asked again", async () => {
    await using h = await harness();
    await h.apply("001.sql", "CREATE TABLE old ();");
    const rename = "ALTER TABLE old RENAME TO new;";
    expect([codeOf(await h.apply("002.sql", rename)), codeOf(await h.apply("002.sql", rename))]).toEqual([
      "applied",
      "already-applied",
    ]);
  });

  it("with a BEGIN and COMMIT around everything are one transaction with their row", async () => {
    await using h = await harness();
    expect(codeOf(await h.apply("053.sql", "BEGIN;\nCREATE TABLE a ();\nCOMMIT;"))).toBe("applied");
    expect(codeOf(await h.apply("054.sql", "BEGIN;\nCREATE TABLE b ();\nSELECT no_such_function();\nCOMMIT;"))).toBe(
      "migration-failed",
    );
    expect(await h.query("SELECT to_regclass('a') IS NULL AS a, to_regclass('b') IS NULL AS b")).toEqual([
      { a: false, b: true },
    ]);
    expect(await h.databases.ledger(h.database)).toHaveLength(1);
  });

  it("with several transactions of their own run as they are", async () => {
    await using h = await harness();
    const sql =
      "BEGIN; CREATE TABLE a (); COMMIT; BEGIN; CREATE TABLE b (); ROLLBACK; CREATE INDEX CONCURRENTLY ON a ((1));";
    expect(codeOf(await h.apply("a.sql", sql))).toBe("applied");
    expect(await h.query("SELECT to_regclass('a') IS NULL AS a, to_regclass('b') IS NULL AS b")).toEqual([
      { a: false, b: true },
    ]);
    expect(await h.databases.ledger(h.database)).toMatchObject([{ state: "applied" }]);
  });

  it("are not done while an index that they should have made is invalid", async () => {
    await using h = await harness();
    await h.apply("001.sql", "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (1);");
    const making = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n);";
    expect(codeOf(await h.apply("a.sql", making))).toBe("migration-failed");
    await h.query("DELETE FROM mobius.migration_ledger WHERE state = 'started'; DELETE FROM t");
    // PostgreSQL itself now reports success.
    const again = await h.apply("a.sql", making);
    expect(again.ok ? "" : again.error.why.join(" ")).toContain("not valid: t_n");
  });

  it("say where they failed, what the server said, and what to do", async () => {
    await using h = await harness();
    const outcome = await h.apply(
      "db/schema/009.sql",
      "-- größer\nCREATE TABLE a ();\n\nINSERT INTO a (näme, nope)\n  VALUES ('ü', 1);\n",
    );
    const text = outcome.ok ? "" : renderProblem(outcome.error).replaceAll(h.database, "chat");
    expect(text).toMatchInlineSnapshot(`
      "error[migration-failed]: Migration "db/schema/009.sql" failed on chat.
        where: db/schema/009.sql:4:16   INSERT INTO a (näme, nope)
        why:   Statement 2 of 2: column "näme" of relation "a" does not exist [SQLSTATE 42703]
               Nothing of it was applied: its transaction was undone as a whole.
        fix:   Mend the file, commit and push it, and release again.
        more:  docs/errors.md#migration-failed"
    `);
    expect(await h.query("SELECT to_regclass('a') IS NULL AS gone")).toEqual([{ gone: true }]);
  });

  it("name who stands in the way of a lock", async () => {
    await using h = await harness({ limits: { lockMs: 200 } });
    await h.apply("001.sql", "CREATE TABLE t ();");
    const idle = new Client({ ...test.cluster.connect(h.database), application_name: "psql of ada" });
    await idle.connect();
    await idle.query("BEGIN; SELECT * FROM t");
    const outcome = await h.apply("002.sql", "ALTER TABLE t ADD n int;");
    await idle.end();
    expect(outcome.ok ? "" : outcome.error.why.join("\n")).toMatch(
      /SQLSTATE 55P03.*psql of ada, process \d+, idle in transaction/s,
    );
    expect(codeOf(await h.apply("002.sql", "ALTER TABLE t ADD n int;"))).toBe("applied");
  });
});

describe("another tool's table", () => {
  it("is read as the database's own user sees it", async () => {
    await using h = await harness();
    const checksum = "0".repeat(64);
    await h.apply(
      "a.sql",
      `CREATE TABLE schema_migrations (filename text PRIMARY KEY, checksum text);
      INSERT INTO schema_migrations VALUES ('001.sql', '${checksum}');
      CREATE VIEW alembic_version AS SELECT current_user::text AS version_num;`,
    );
    expect(await h.databases.earlierRows(h.database, "schema_migrations")).toEqual([{ filename: "001.sql", checksum }]);
    expect(await h.databases.earlierRows(h.database, "alembic_version")).toEqual([{ version_num: h.user }]);
  });
});

describe("two migrators", () => {
  it("take turns, and the second finds the work done", async () => {
    await using h = await harness();
    const sql = "SELECT pg_sleep(0.3); CREATE TABLE t ();";
    const outcomes = await Promise.all([h.apply("a.sql", sql), h.apply("a.sql", sql), h.apply("a.sql", sql)]);
    expect(outcomes.map(codeOf).sort()).toEqual(["already-applied", "already-applied", "applied"]);
  });

  it("do not deadlock while one builds an index concurrently", async () => {
    await using h = await harness();
    await h.apply("001.sql", "CREATE TABLE t (n int);");
    const outcomes = await Promise.all([
      h.apply("a.sql", "SELECT pg_sleep(0.2); CREATE INDEX CONCURRENTLY ON t (n);"),
      h.apply("b.sql", "CREATE INDEX CONCURRENTLY ON t (n);"),
    ]);
    expect(outcomes.map(codeOf)).toEqual(["applied", "applied"]);
  });

  it("do not wait for ever, and say for whom they waited", async () => {
    await using h = await harness({ limits: { waitMs: 200 } });
    const script = h.databases.applyScript(
      migrationOf(h.database, "long.sh", ""),
      program(async () => {
        const outcome = await h.apply("a.sql", "SELECT 1;");
        const text = outcome.ok ? "" : renderProblem(outcome.error);
        expect(text.replaceAll(h.database, "chat").replaceAll(/[\d.]+ m?s\b|\d{2,}/g, "N")).toMatchInlineSnapshot(`
        "error[migration-blocked]: Migration "a.sql" could not begin: chat is being migrated.
          why:   Session N (mobius/REL-1/long.sh) has held the migration lock's connection for N.
          fix:   Wait for it, then release again. If it hangs, end it: SELECT pg_terminate_backend(N)
          more:  docs/errors.md#migration-blocked"
      `);
        return 0;
      }),
    );
    expect(codeOf(await script)).toBe("applied");
  });
});

describe("a migrator that dies", () => {
  /** Ends the session of the migration as the death of its program would. */
  const endSession = async (h: { database: string }) => {
    const sql = `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
      WHERE datname = '${h.database}' AND application_name LIKE 'mobius/REL-%' AND query LIKE '%pg_sleep(30)%'`;
    await until(async () => (await queryOnce(test.cluster.connect(), sql)).length > 0);
  };

  it("in the middle of a transaction leaves nothing, and the file can run again", async () => {
    await using h = await harness();
    const [dying] = await Promise.all([h.apply("a.sql", "CREATE TABLE t (); SELECT pg_sleep(30);"), endSession(h)]);
    expect(codeOf(dying)).toBe("migration-failed");
    expect(await h.databases.ledger(h.database)).toEqual([]);
    expect(codeOf(await h.apply("a.sql", "CREATE TABLE t ();"))).toBe("applied");
  });

  it("by SIGKILL is waited for: its server goes on, and the file runs once", async () => {
    await using h = await harness();
    await h.apply("000.sql", "CREATE TABLE runs ();");
    const sql = "INSERT INTO runs DEFAULT VALUES; SELECT pg_sleep(30);";
    const child = migrateElsewhere(h, sql);
    const busy = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND state = 'active'";
    await until(async () => (await h.query(busy)).length === 1);
    child.kill("SIGKILL");
    await once(child, "exit");
    const mended = "INSERT INTO runs DEFAULT VALUES;";
    expect(codeOf(await h.apply("a.sql", mended))).toBe("applied");
    expect(await h.query(busy)).toEqual([]);
    expect(await h.query("SELECT count(*)::int AS n FROM runs")).toEqual([{ n: 1 }]);
  });

  it("in the middle of a file with its own transactions leaves it dirty", async () => {
    await using h = await harness();
    const sql = "BEGIN; CREATE TABLE t (); COMMIT; SELECT pg_sleep(30);";
    const [dying] = await Promise.all([h.apply("a.sql", sql), endSession(h)]);
    expect(codeOf(dying)).toBe("migration-failed");
    const next = await h.apply("b.sql", "SELECT 1;");
    expect(next.ok ? "" : renderProblem(next.error).replaceAll(h.database, "chat")).toMatchInlineSnapshot(`
      "error[migration-dirty]: Migration "a.sql" was started on chat and never finished.
        why:   Release REL-1 started it. It runs in no transaction, so it may be half applied.
               Anything that follows would build on unknown ground.
        fix:   Look at the database, then say how it stands. Where all of it is there: mobius migrations resolve staging a.sql --applied --reason "…"; where nothing of it is left: the same with --not-applied.
        more:  docs/errors.md#migration-dirty"
    `);
  });

  it("reads the ledger when the answer to its COMMIT is lost", async () => {
    const proxy = await startCutter(join(test.cluster.socketDirectory, `.s.PGSQL.${test.cluster.port}`));
    await using h = await harness();
    // The migrator alone goes through the proxy; the ledger is read past it.
    const through = createDatabases({
      cluster: { ...test.cluster, socketDirectory: proxy.directory },
      backupsDirectory: "/nowhere",
      clock: systemClock,
      ids: systemIds,
      openCopy: async () => Promise.reject(new Error("no copies here")),
    });
    await through.provision([{ name: h.database, user: h.user, password: PASSWORD }]);
    const sql = "CREATE TABLE t ();";
    expect(codeOf(await through.applySql(migrationOf(h.database, "a.sql", sql), sql))).toBe("applied");
    expect(proxy.cuts()).toBe(1);
    expect(await h.databases.ledger(h.database)).toMatchObject([{ identifier: "a.sql", state: "applied" }]);
    await proxy.close();
  });

  it("does not take a transaction for applied that failed while it committed", async () => {
    await using h = await harness();
    const sql = `
      CREATE TABLE t ();
      CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
      INSERT INTO t DEFAULT VALUES;`;
    const outcome = await h.apply("a.sql", sql);
    expect(outcome.ok ? "" : outcome.error.why[0]).toContain("while its transaction was being committed");
    expect(await h.databases.ledger(h.database)).toEqual([]);
  });
});

/** A process of its own that applies the file as "a.sql". */
function migrateElsewhere({ database, user }: { database: string; user: string }, sql: string): ChildProcess {
  const at = (file: string) => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);
  const { socketDirectory, port, superuser } = test.cluster;
  const program = `
    import { createDatabases } from ${at("adapters/database/databases.ts")};
    import { systemClock } from ${at("adapters/system/system-clock.ts")};
    import { systemIds } from ${at("adapters/system/system-ids.ts")};
    import { Secret } from ${at("core/values/secret.ts")};
    const config = ${JSON.stringify({ host: socketDirectory, port, user: superuser.user, password: superuser.password.reveal() })};
    const cluster = { socketDirectory: config.host, port: config.port, connect: (database = "postgres") => ({ ...config, database }) };
    const databases = createDatabases({ cluster, backupsDirectory: "/nowhere", clock: systemClock, ids: systemIds, openCopy: undefined });
    await databases.provision([{ name: ${JSON.stringify(database)}, user: ${JSON.stringify(user)}, password: new Secret(${JSON.stringify(PASSWORD.reveal())}) }]);
    await databases.applySql(${JSON.stringify(migrationOf(database, "a.sql", sql))}, ${JSON.stringify(sql)});
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Hands connections on to a socket, and cuts each whose client commits once the server has answered. */
async function startCutter(target: string): Promise<{ directory: string; cuts: () => number; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "mobius-cut-"));
  let cuts = 0;
  const server: Server = createServer((client) => {
    const upstream = connectTo(target);
    let isCommitting = false;
    client.on("data", (piece) => {
      isCommitting ||= piece.includes("COMMIT\0");
      upstream.write(piece);
    });
    upstream.on("data", (piece) => {
      if (!isCommitting) return client.write(piece);
      cuts += 1;
      client.destroy();
      return upstream.destroy();
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  server.listen(join(directory, ".s.PGSQL.5432"));
  await once(server, "listening");
  return {
    directory,
    cuts: () => cuts,
    async close() {
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describe("a backup", () => {
  let own: TestCluster;

  beforeAll(async () => {
    own = await startTestCluster();
  });

  afterAll(async () => {
    await own[Symbol.asyncDispose]();
  });

  it("is taken while the cluster works, and opened later it has what was committed before", async () => {
    await using h = await harness({}, own);
    await h.apply("001.sql", "CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000);");
    const writer = new AbortController();
    const writing = (async () => {
      while (!writer.signal.aborted) await h.query("INSERT INTO t SELECT generate_series(1, 100)");
    })();
    const made = await h.databases.backUp("REL-7 before");
    writer.abort();
    await writing;
    expect(made.id).toMatch(/^rel-7-before-[0-9a-f]{8}$/);
    expect(made.bytes).toBeGreaterThan(20_000_000);
    expect(made.durationMs).toBeLessThan(20_000);
    const directory = join(own.directory, "backups", made.id);
    expect((await readdir(directory)).sort()).toEqual(["backup.json", "instance"]);

    const restored = await openCluster({ directory, name: "restored", clock: systemClock, ids: systemIds });
    if (!restored.ok) throw new Error(renderProblem(restored.error));
    try {
      const rows = await queryOnce(restored.value.connect(h.database), "SELECT count(*)::int AS n FROM t");
      expect(rows[0]?.n).toBeGreaterThanOrEqual(1000);
      expect(
        await queryOnce(restored.value.connect(h.database), "SELECT identifier FROM mobius.migration_ledger"),
      ).toEqual([{ identifier: "001.sql" }]);
    } finally {
      await restored.value.stop();
    }
  });

  it("that was cut short is swept away at the next start, with the server that was checking it", async () => {
    await using h = await harness({}, own);
    const made = await h.databases.backUp("cut");
    const directory = join(own.directory, "backups", made.id);
    await rm(join(directory, "backup.json"));
    const options = { directory, name: "left over", clock: systemClock, ids: systemIds };
    const left = await openCluster(options);
    if (!left.ok) throw new Error(renderProblem(left.error));
    await h.databases.provision([]);
    await expect(queryOnce(left.value.connect(), "SELECT 1")).rejects.toThrow();
    expect(await readdir(join(own.directory, "backups"))).not.toContain(made.id);
    await left.value.stop();
  });

  it("that cannot be opened fails, and leaves nothing", async () => {
    await using h = await harness({ openCopy: async () => Promise.reject(new Error("no")) }, own);
    const before = await readdir(join(own.directory, "backups")).catch(() => []);
    await expect(h.databases.backUp("x")).rejects.toThrow("failed");
    expect(await readdir(join(own.directory, "backups"))).toEqual(before);
    expect(await queryOnce(own.cluster.connect(), "SELECT slot_name FROM pg_replication_slots")).toEqual([]);
  });
});
