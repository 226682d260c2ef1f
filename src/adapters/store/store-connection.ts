import { type ClientConfig, Pool, type QueryResultRow } from "pg";
import type { Clock } from "../../ports/clock.ts";

/** Connections of one store. The embedded cluster allows 100 in all. */
const MAX_CONNECTIONS = 10;
const CONNECT_WITHIN_MS = 5_000;
/** Every statement of the store is short; one that takes this long is stuck. */
const STATEMENT_WITHIN_MS = 30_000;
/** How long a statement is repeated while the database is away, in milliseconds. */
const REPEAT_FOR_MS = 30_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** The one way to the store's database. */
export interface StoreConnection {
  /**
   * Runs one statement. When the connection is lost it is run again over a new one, with growing pauses and a
   * deadline, so the statement has to be one that may be repeated. Throws what the database says to the statement.
   */
  query<R extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<readonly R[]>;
  close(): Promise<void>;
}

/** Opens a pool; connects when the first statement comes. */
export function connectStore({
  connection,
  clock,
  repeatForMs = REPEAT_FOR_MS,
}: {
  readonly connection: ClientConfig;
  readonly clock: Clock;
  readonly repeatForMs?: number;
}): StoreConnection {
  const pool = new Pool({
    application_name: "mobius/store",
    ...connection,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: STATEMENT_WITHIN_MS,
    query_timeout: STATEMENT_WITHIN_MS + CONNECT_WITHIN_MS,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on("error", () => {});
  return {
    async query<R extends QueryResultRow>(text: string, values: readonly unknown[]) {
      const deadlineMs = clock.monotonicMs() + repeatForMs;
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        try {
          return (await pool.query<R>(text, [...values])).rows;
        } catch (error) {
          if (!isConnectionLoss(error) || clock.monotonicMs() + pauseMs > deadlineMs) throw error;
        }
        await clock.sleep(pauseMs);
      }
    },
    close: () => pool.end(),
  };
}

const LOST_STATES = /^(08...|57P0[123]|53300)$/;
const LOST_ERRNOS = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOENT", "ETIMEDOUT"]);
/** What `pg` itself says without a code. */
const LOST_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Whether the statement failed because its connection did: nothing is known about what it did. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return LOST_STATES.test(code) || LOST_ERRNOS.has(code) || LOST_MESSAGES.test(error.message);
}
