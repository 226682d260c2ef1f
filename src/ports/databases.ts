import type { Digest } from "../core/values/digest.ts";
import type { Problem } from "../core/values/problem.ts";
import type { Result } from "../core/values/result.ts";
import type { Secret } from "../core/values/secret.ts";
import type { Instant } from "../core/values/time.ts";

/** One row of the migration ledger, `mobius.migration_ledger` in each module database. */
export interface LedgerRow {
  readonly module: string;
  readonly identifier: string;
  /** SHA-256 of the file. */
  readonly checksum: Digest;
  readonly manifest: string;
  readonly release: string;
  readonly who: string;
  /** `started` without `applied` is dirty: an interrupted migration that a person must settle. */
  readonly state: "started" | "applied";
  readonly at: Instant;
}

export interface MigrationToApply {
  /** For messages. */
  readonly environment: string;
  readonly database: string;
  readonly module: string;
  readonly identifier: string;
  readonly checksum: Digest;
  readonly manifest: string;
  readonly release: string;
  readonly who: string;
}

/** What a person found of a migration that was started and never finished. */
export interface Settlement {
  readonly database: string;
  readonly module: string;
  readonly identifier: string;
  /** `not-applied` takes its row away, so that it runs again where a manifest names it. */
  readonly outcome: "applied" | "not-applied";
}

/**
 * The databases of one environment under its migrate identity. One advisory lock per database is held on the very
 * connection that migrates. Applying what the ledger already has as applied does nothing; a changed checksum is refused.
 */
export interface Databases {
  /** Makes roles and databases that are missing, and sets passwords (embedded environments only). */
  provision(
    databases: readonly { readonly name: string; readonly user: string; readonly password: Secret }[],
  ): Promise<void>;
  /** The URL that a service uses: password inside, hence a secret. */
  url(database: string, user: string, password: Secret): Secret;
  /** How many connections the server of the databases takes in all; undefined where it cannot be asked. */
  connectionLimit(): Promise<number | undefined>;
  /** Empty when the database has no ledger yet. */
  ledger(database: string): Promise<readonly LedgerRow[]>;
  /**
   * Runs an SQL file. A plain one is one transaction with its ledger row, also where a BEGIN and a COMMIT enclose all of
   * it; one with other transactions of its own, or with statements that allow no transaction, is recorded as started,
   * run, and recorded as applied.
   */
  applySql(migration: MigrationToApply, sql: string): Promise<Result<"applied" | "already-applied", Problem>>;
  /** Runs a program between `started` and `applied` rows. `run` gives its exit code; not 0 leaves the row `started`. */
  applyScript(
    migration: MigrationToApply,
    run: (url: Secret) => Promise<number>,
  ): Promise<Result<"applied" | "already-applied", Problem>>;
  /**
   * Does with a `started` row as a person says, under the migration lock: refused while a session that migrates is left
   * (`migration-blocked`). False where the ledger has no such row in that state.
   */
  settle(settlement: Settlement): Promise<Result<boolean, Problem>>;
  /** An online copy of the whole cluster; gives its id. Verified: the copy was opened and answered a query. */
  backUp(label: string): Promise<{ readonly id: string; readonly bytes: number; readonly durationMs: number }>;
}
