import type { ClientConfig } from "pg";
import type { Problem } from "../../core/values/problem.ts";
import { ok, type Result } from "../../core/values/result.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Documents } from "../../ports/documents.ts";
import type { EventLog } from "../../ports/event-log.ts";
import type { Leases, Timers } from "../../ports/leases.ts";
import type { Outbox } from "../../ports/outbox.ts";
import { createDocuments } from "./documents.ts";
import { createEventLog } from "./event-log.ts";
import { createLeases } from "./leases.ts";
import { migrateStore } from "./migrate-store.ts";
import { createOutbox } from "./outbox.ts";
import { connectStore } from "./store-connection.ts";
import { listenToStreams } from "./stream-signals.ts";
import { createTimers } from "./timers.ts";

/**
 * All durable state in one PostgreSQL database, embedded or the user's own: the event log, and beside it leases, timers,
 * the outbox and the embedded cloud's documents, all in the schema `mobius`. `schema.ts` is what is kept; `store-connection.ts` how
 * a lost connection is survived.
 */
export interface Store {
  readonly eventLog: EventLog;
  readonly leases: Leases;
  readonly timers: Timers;
  readonly documents: Documents;
  readonly outbox: Outbox;
  /** Ends followers and connections. */
  close(): Promise<void>;
}

/** Opens the store, and brings its schema up to date first. Refuses a schema that is newer than this program. */
export async function createStore(options: {
  readonly connection: ClientConfig;
  readonly clock: Clock;
  readonly ids: Ids;
}): Promise<Result<Store, Problem>> {
  const { clock, ids } = options;
  const migrated = await migrateStore(options.connection, clock);
  if (!migrated.ok) return migrated;
  const connection = connectStore(options);
  const signals = listenToStreams(options);
  return ok({
    eventLog: createEventLog({ connection, signals, ids }),
    leases: createLeases(connection),
    timers: createTimers(connection),
    documents: createDocuments(connection, ids),
    outbox: createOutbox(connection),
    async close() {
      await signals.close();
      await connection.close();
    },
  });
}
