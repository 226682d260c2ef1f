import { assert } from "../../core/values/assert.ts";
import type { Leases } from "../../ports/leases.ts";
import type { StoreConnection } from "./store-connection.ts";

/** Leases as rows; the only clock is the database's. A row stays for ever, so that its fence never starts again. */
export function createLeases(connection: StoreConnection): Leases {
  return {
    async acquire({ lease, holder, ttlMs }) {
      const [taken] = await connection.query<{ fence: string }>(
        `INSERT INTO mobius.leases AS l (name, holder, fence, expires_at)
          VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
          ON CONFLICT (name) DO UPDATE
            SET holder = excluded.holder, fence = l.fence + 1, expires_at = excluded.expires_at
            WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp()
          RETURNING fence`,
        [lease, holder, ttlMs],
      );
      if (taken !== undefined) return { kind: "acquired", fence: { lease, holder, token: Number(taken.fence) } };
      const [held] = await connection.query<{ holder: string }>("SELECT holder FROM mobius.leases WHERE name = $1", [
        lease,
      ]);
      assert(held !== undefined, `the lease ${lease} was there and is gone`);
      return { kind: "held", holder: held.holder };
    },
    async renew({ lease, holder, token }, ttlMs) {
      const rows = await connection.query(
        `UPDATE mobius.leases SET expires_at = clock_timestamp() + $4 * interval '1 millisecond'
          WHERE name = $1 AND holder = $2 AND fence = $3 AND expires_at > clock_timestamp() RETURNING name`,
        [lease, holder, token, ttlMs],
      );
      return rows.length === 1;
    },
    async release({ lease, holder, token }) {
      await connection.query(
        `UPDATE mobius.leases SET expires_at = '-infinity' WHERE name = $1 AND holder = $2 AND fence = $3`,
        [lease, holder, token],
      );
    },
    async holds({ lease, holder, token }) {
      const rows = await connection.query(
        `SELECT 1 FROM mobius.leases
          WHERE name = $1 AND holder = $2 AND fence = $3 AND expires_at > clock_timestamp()`,
        [lease, holder, token],
      );
      return rows.length === 1;
    },
  };
}
