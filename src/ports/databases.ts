import type { EarlierLedger, EarlierRow } from "../core/migrations/plan-baseline.ts";
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

/** A migration that is not SQL. */
export interface MigrationProgram {
  /** Gives its exit code. */
  readonly run: (url: Secret) => Promise<number>;
  /** Statements that have to give a single true afterwards. */
  readonly postconditions: readonly string[];
}

/** What a person found of a migration that was started and never finished. */
export interface Settlement {
  readonly database: string;
  readonly module: string;
  readonly identifier: string;
  /** `not-applied` takes its row away, so that it runs again where a manifest names it. */
  readonly outcome: "applied" | "not-applied";
}

/** Rows for migrations that the database had before there was a ledger. */
export interface Adoption {
  /** For messages. */
  readonly environment: string;
  readonly database: string;
  readonly module: string;
  readonly migrations: readonly { readonly identifier: string; readonly checksum: Digest }[];
  /** Where it is known from: another tool's table, or `by hand`. */
  readonly source: string;
  readonly who: string;
}

/** Taking over a database that something else has migrated so far. */
export interface Baselines {
  /** Every row of another tool's table, as its user sees it; undefined where there is none. At most 10 000 rows are read. */
  earlierRows(database: string, table: EarlierLedger): Promise<readonly EarlierRow[] | undefined>;
  /**
   * Records the migrations as applied, without running them: all of them or none, under the migration lock. Those that the
   * ledger has with the same checksum are passed over; gives how many were new. Refused as `applySql` is.
   */
  adopt(adoption: Adoption): Promise<Result<number, Problem>>;
}

/**
 * The databases of one environment under its migrate identity. One advisory lock per database is held on the very
 * connection that migrates. Applying what the ledger already has as applied does nothing; a changed checksum is refused.
 */
export interface Databases extends Baselines {
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
   * run, and recorded as applied. Postconditions that it writes out are asked before it counts as applied.
   */
  applySql(migration: MigrationToApply, sql: string): Promise<Result<"applied" | "already-applied", Problem>>;
  /**
   * Runs a program between `started` and `applied` rows. An exit code other than 0, and a postcondition that is not true
   * afterwards, leave the row `started`: a program that swallows its errors ends with 0 too.
   */
  applyScript(
    migration: MigrationToApply,
    program: MigrationProgram,
  ): Promise<Result<"applied" | "already-applied", Problem>>;
  /**
   * Does with a `started` row as a person says, under the migration lock: refused while a session that migrates is left
   * (`migration-blocked`). False where the ledger has no such row in that state.
   */
  settle(settlement: Settlement): Promise<Result<boolean, Problem>>;
  /** An online copy of the whole cluster; gives its id. Verified: the copy was opened and answered a query. */
  backUp(label: string): Promise<{ readonly id: string; readonly bytes: number; readonly durationMs: number }>;
}
