import type { Timers } from "../../ports/leases.ts";
import type { StoreConnection } from "./store-connection.ts";

/** Timers as rows, which outlive the process that set them. */
export function createTimers(connection: StoreConnection): Timers {
  return {
    async set({ stream, name, dueAt }) {
      await connection.query(
        `INSERT INTO mobius.timers (stream, name, due_at) VALUES ($1, $2, $3)
          ON CONFLICT (stream, name) DO UPDATE SET due_at = excluded.due_at`,
        [stream, name, dueAt],
      );
    },
    async clear(stream, name) {
      await connection.query("DELETE FROM mobius.timers WHERE stream = $1 AND name = $2", [stream, name]);
    },
    async due(now) {
      const rows = await connection.query<{ stream: string; name: string; due_at: number }>(
        "SELECT stream, name, due_at FROM mobius.timers WHERE due_at <= $1 ORDER BY due_at, stream, name LIMIT 100",
        [now],
      );
      return rows.map((row) => ({ stream: row.stream, name: row.name, dueAt: row.due_at }));
    },
  };
}
