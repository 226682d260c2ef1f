import type { ClientConfig } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createStore } from "../../src/adapters/store/store.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { systemIds } from "../../src/adapters/system/system-ids.ts";
import type { AuditEntry } from "../../src/core/audit/audit-row.ts";
import { queryOnce, startTestCluster, type TestCluster } from "../support/cluster.ts";
import { createMemoryAudit } from "../support/memory-audit.ts";

let test: TestCluster;
beforeAll(async () => {
  test = await startTestCluster();
});
afterAll(() => test[Symbol.asyncDispose]());

function entry(number: number): AuditEntry {
  const who = { kind: "person", id: "ada" } as const;
  // What JSON and PostgreSQL could give back otherwise than it was written.
  const reason = `row ${number}: ü \u0000 \u2028 1e21 "quoted" \\`;
  return {
    at: 1_800_000_000_000.5 + number,
    who,
    what: "w",
    resource: "r",
    requestId: "q",
    outcome: "allowed",
    reason,
  };
}

async function opened(connection: ClientConfig) {
  const store = await createStore({ connection, clock: systemClock, ids: systemIds });
  if (!store.ok) throw new Error(store.error.summary);
  return store.value;
}

it("the audit log is whole after PostgreSQL has kept it, and names the first row that was changed there", async () => {
  const connection = await test.database();
  const store = await opened(connection);
  const audit = createMemoryAudit({ eventLog: store.eventLog });
  await Promise.all([1, 2, 3, 4, 5, 6].map((number) => audit.record([entry(number)])));
  expect(await audit.verify()).toMatchObject({ whole: true, rows: 6 });
  const change = (number: number, sql: string) =>
    queryOnce(connection, `${sql} WHERE stream LIKE 'audit/%' AND sequence = $1`, [number]);
  await change(4, "UPDATE mobius.events SET payload = replace(payload::text, 'ada', 'eve')::json");
  expect(await audit.verify()).toMatchObject({
    whole: false,
    number: 4,
    reason: "row 4 was changed after it was written",
  });
  await change(2, "DELETE FROM mobius.events");
  expect(await audit.verify()).toMatchObject({ whole: false, number: 2 });
  await store.close();
});
