import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabases } from "../../src/adapters/database/databases.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { Secret } from "../../src/core/values/secret.ts";
import { codeOf, migrationOf } from "../../src/ports/databases.contract.ts";
import { queryOnce, startTestCluster, type TestCluster } from "../support/cluster.ts";

describe("a migrator whose session is ended", () => {
  let test: TestCluster;
  beforeAll(async () => {
    test = await startTestCluster();
  });
  afterAll(() => test[Symbol.asyncDispose]());

  async function harness() {
    const databases = createDatabases({
      ...{ cluster: test.cluster, backupsDirectory: "/nowhere", clock: systemClock, ids: systemIds },
      openCopy: () => Promise.reject(new Error("no copies here")),
    });
    const database = "chat";
    await databases.provision([{ name: database, user: "chat-user", password: new Secret("p@s:s/w%d") }]);
    const apply = (identifier: string, sql: string) => databases.applySql(migrationOf(database, identifier, sql), sql);
    return { databases, database, apply, query: (sql: string) => queryOnce(test.cluster.connect(database), sql) };
  }

  it("in the middle of CREATE INDEX CONCURRENTLY leaves an invalid index, which no second run takes for made", async () => {
    const h = await harness();
    await h.apply("000.sql", "CREATE TABLE t (n int); INSERT INTO t VALUES (1);");
    const idle = new Client(test.cluster.connect(h.database));
    await idle.connect();
    await idle.query("BEGIN; UPDATE t SET n = 2"); // the index waits for it
    const sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS by_n ON t (n);";
    const building = h.apply("a.sql", sql);
    const half = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('by_n') AND NOT indisvalid";
    await expect.poll(async () => (await h.query(half)).length, { timeout: 15_000 }).toBe(1);
    const end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND datname = current_database() AND pid <> pg_backend_pid()";
    await h.query(end);
    const killed = await building;
    await idle.query("ROLLBACK");
    await idle.end();
    expect(killed.ok ? "" : killed.error.why.join("\n")).toContain("not valid: by_n. Drop them first.");
    expect(codeOf(await h.apply("b.sql", "SELECT 1;"))).toBe("migration-dirty");
    const again = { database: h.database, module: "chat", identifier: "a.sql", outcome: "not-applied" } as const;
    await h.databases.settle(again);
    const lying = await h.apply("a.sql", sql);
    expect(lying.ok ? "" : lying.error.why.join("\n")).toContain("not valid: by_n. Drop them first.");
    await h.query("DROP INDEX by_n");
    await h.databases.settle(again);
    expect(codeOf(await h.apply("a.sql", sql))).toBe("applied");
    expect(await h.query("SELECT indisvalid AS v FROM pg_index WHERE indexrelid = 'by_n'::regclass")).toEqual([
      { v: true },
    ]);
  });
});
