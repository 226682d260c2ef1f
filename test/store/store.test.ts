import type { ClientConfig } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STORE_MIGRATIONS } from "../../src/adapters/store/schema.ts";
import { createStore, type Store } from "../../src/adapters/store/store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import { actorId } from "../../src/core/values/ids.ts";
import { renderProblem } from "../../src/core/values/problem.ts";
import { instant } from "../../src/core/values/time.ts";
import { describeDocuments } from "../../src/ports/documents.contract.ts";
import { describeEventLog } from "../../src/ports/event-log.contract.ts";
import { describeLeases } from "../../src/ports/leases.contract.ts";
import { describeOutbox } from "../../src/ports/outbox.contract.ts";
import { queryOnce, startTestCluster, type TestCluster } from "../support/cluster.ts";

let test: TestCluster;

beforeAll(async () => {
  test = await startTestCluster();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

async function opened(connection: ClientConfig): Promise<Store> {
  const store = await createStore({ connection, clock: systemClock, ids: systemIds });
  if (!store.ok) throw new Error(renderProblem(store.error));
  return store.value;
}

async function harness() {
  const connection = await test.database();
  const store = await opened(connection);
  return { ...store, connection, log: store.eventLog, [Symbol.asyncDispose]: () => store.close() };
}

describeEventLog("PostgreSQL", async () => {
  const h = await harness();
  const fences = [];
  for (let n = 0; n < 2; n++) {
    const outcome = await h.leases.acquire({ lease: "build/a", holder: "server", ttlMs: 60_000 });
    if (outcome.kind === "held") throw new Error("held");
    fences.push(outcome.fence);
  }
  const [lost, held] = fences;
  if (lost === undefined || held === undefined) throw new Error("no fences");
  return { ...h, fences: { held, lost } };
});

describeLeases("PostgreSQL", async () => {
  const h = await harness();
  return {
    ...h,
    expire: async (lease) => {
      await queryOnce(h.connection, "UPDATE mobius.leases SET expires_at = clock_timestamp() WHERE name = $1", [lease]);
    },
  };
});

describeDocuments("PostgreSQL", () => harness());

describeOutbox("PostgreSQL", () => harness());

const noted = (text: string) => ({
  event: { type: "noted", text },
  version: 1,
  actor: actorId("system", ""),
  at: instant(1_000),
});

/** Ends every connection of the store, as a failover or an administrator would. */
async function cutConnections(connection: ClientConfig): Promise<void> {
  await queryOnce(
    connection,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
}

describe("the store", () => {
  it("goes on over a new connection when its own are ended, and followers miss nothing", async () => {
    await using h = await harness();
    const end = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const event of h.log.follow("build/a", 0, end.signal)) {
        seen.push(event.sequence);
        if (event.sequence === 40) end.abort();
      }
    })();
    for (let sequence = 0; sequence < 40; sequence++) {
      if (sequence % 10 === 5) await cutConnections(h.connection);
      const outcome = await h.log.append({ stream: "build/a", expectedSequence: sequence, events: [noted("x")] });
      expect(outcome.ok).toBe(true);
    }
    await following;
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it("finds its own events when the answer to their commit was lost", async () => {
    await using h = await harness();
    const writeId = systemIds.uuid();
    const values = ["build/a", 0, writeId, ["noted"], [1], [1_000], ["system"], ['{"type":"noted"}']];
    const call = () =>
      queryOnce(h.connection, "SELECT * FROM mobius.append_events($1,$2,$3,$4,$5,$6,$7,$8,NULL,NULL,NULL)", values);
    const first = await call();
    expect(await call()).toEqual(first);
    expect(await h.log.read("build/a")).toHaveLength(1);
  });

  it("gives back every text, also those that no text column holds", async () => {
    await using h = await harness();
    const text = 'nul \u0000, half \ud800, quote " and \\ backslash';
    await h.log.append({ stream: "build/a", expectedSequence: 0, events: [noted(text)] });
    expect((await h.log.read<{ type: string; text: string }>("build/a"))[0]?.event.text).toBe(text);
    await h.documents.put("c", "k", { text }, 0);
    expect((await h.documents.get("c", "k"))?.value).toEqual({ text });
  });

  it("refuses an event above its limit", async () => {
    await using h = await harness();
    const big = noted("x".repeat(1024 * 1024));
    await expect(h.log.append({ stream: "build/a", expectedSequence: 0, events: [big] })).rejects.toThrow(RangeError);
  });

  it("is made once by two that open it at the same moment", async () => {
    const connection = await test.database();
    const stores = await Promise.all([opened(connection), opened(connection), opened(connection)]);
    const versions = await queryOnce(connection, "SELECT version FROM mobius.store_migrations");
    expect(versions).toHaveLength(STORE_MIGRATIONS.length);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("tells nobody of what was there before the outbox, and of all that comes after", async () => {
    const connection = await test.database();
    await queryOnce(connection, "CREATE SCHEMA mobius");
    await queryOnce(
      connection,
      "CREATE TABLE mobius.store_migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    await queryOnce(connection, STORE_MIGRATIONS[0] ?? "");
    await queryOnce(connection, "INSERT INTO mobius.store_migrations (version) VALUES (1)");
    const values = ["release/REL-1", 0, systemIds.uuid(), ["noted"], [1], [1_000], ["system"], ['{"type":"noted"}']];
    const append = "SELECT * FROM mobius.append_events($1,$2,$3,$4,$5,$6,$7,$8,NULL,NULL,NULL)";
    await queryOnce(connection, append, values);
    const store = await opened(connection);
    expect(await store.outbox.unread(10)).toEqual([]);
    await store.eventLog.append({ stream: "release/REL-1", expectedSequence: 1, events: [noted("x")] });
    expect(await store.outbox.unread(10)).toEqual([{ stream: "release/REL-1", sequence: 1 }]);
    await store.close();
  });

  it("refuses a schema that a newer version wrote, and says what to do", async () => {
    const connection = await test.database();
    await (await opened(connection)).close();
    await queryOnce(connection, "INSERT INTO mobius.store_migrations (version) VALUES (99)");
    const outcome = await createStore({ connection, clock: systemClock, ids: systemIds });
    expect(outcome.ok ? "" : renderProblem(outcome.error)).toMatchInlineSnapshot(`
      "error[store-newer]: The state was written by a newer version of mobius.
        why:   Its schema has version 99; this version of mobius knows 3.
               Going on could misread what the newer version recorded.
        fix:   Start the newer version again, or restore a backup that was made before it ran.
        more:  docs/errors.md#store-newer"
    `);
  });

  it("says at once that the server refuses", async () => {
    const connection = { ...test.cluster.connect(), password: "wrong" };
    const outcome = await createStore({ connection, clock: systemClock, ids: systemIds });
    expect(outcome.ok ? "" : renderProblem(outcome.error)).toMatchInlineSnapshot(`
      "error[store-unreachable]: The database that keeps the state cannot be reached.
        why:   password authentication failed for user "mobius_superuser"
        fix:   Check that the server is up and that DATABASE_URL, when set, names it with a user and password that it accepts.
        more:  docs/errors.md#store-unreachable"
    `);
  });
});
