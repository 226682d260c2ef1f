/**
 * The databases of one embedded environment: made, migrated and copied. Begin here; `migrator.ts` is how a migration
 * runs, `ledger.ts` what is remembered of it, `back-up.ts` the copy.
 */
import { present } from "../../core/values/assert.ts";
import { Secret } from "../../core/values/secret.ts";
import type { Clock, Ids } from "../../ports/clock.ts";
import type { Databases } from "../../ports/databases.ts";
import { adoptMigrations, readEarlierRows } from "./adopt.ts";
import { type BackupContext, backUpCluster, sweepBackups } from "./back-up.ts";
import { type ClusterAccess, sqlStateOf, userConfig, withClient } from "./cluster-access.ts";
import { readLedger, settleRow } from "./ledger.ts";
import {
  applyScriptMigration,
  applySqlMigration,
  type MigrationLimits,
  type MigratorContext,
  withLedger,
} from "./migrator.ts";
import { type DeclaredDatabase, provisionDatabases } from "./provision.ts";

/** Generous where work is done, short where others wait. */
const LIMITS: MigrationLimits = { waitMs: 10 * 60_000, lockMs: 10_000, statementMs: 60 * 60_000 };

/** A person waits for the answer: where somebody migrates, that is the answer. */
const PERSON_WAITS_MS = 5_000;

export interface DatabasesOptions {
  readonly cluster: ClusterAccess;
  readonly backupsDirectory: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly openCopy: BackupContext["openCopy"];
  readonly limits?: Partial<MigrationLimits>;
}

/**
 * The databases of a cluster. A database is migrated as the user that `provision` named for it, so provisioning comes
 * first; without it, migrating is a bug of the caller.
 */
export function createDatabases(options: DatabasesOptions): Databases {
  const { cluster, clock } = options;
  const owners = new Map<string, DeclaredDatabase>();
  const url = (database: string, user: string, password: Secret) =>
    databaseUrl(cluster, { name: database, user, password });
  const ownerOf = (database: string) => present(owners.get(database), `the user of database ${database}`);
  const contextOf = (database: string): MigratorContext => {
    const { user, password } = ownerOf(database);
    return {
      cluster,
      user: userConfig(cluster, { database, user, password }),
      clock,
      limits: { ...LIMITS, ...options.limits },
    };
  };

  const forPerson = (database: string): MigratorContext => {
    const { limits, ...context } = contextOf(database);
    return { ...context, limits: { ...limits, waitMs: Math.min(limits.waitMs, PERSON_WAITS_MS) } };
  };

  return {
    async provision(databases) {
      await sweepBackups(options);
      await provisionDatabases(cluster, databases);
      // The first one declared for a database owns it, hence backwards.
      for (const declared of databases.toReversed()) owners.set(declared.name, declared);
    },
    url,
    connectionLimit: () =>
      withClient(cluster.connect(), async (client) => {
        const { rows } = await client.query<{ max_connections: string }>("SHOW max_connections");
        return Number(present(rows[0], "max_connections").max_connections);
      }),
    async ledger(database) {
      try {
        return await withClient(cluster.connect(database), readLedger);
      } catch (error) {
        // A database that does not exist yet has no ledger either.
        if (sqlStateOf(error) === "3D000") return [];
        throw error;
      }
    },
    applySql: (migration, sql) => applySqlMigration(contextOf(migration.database), migration, sql),
    applyScript(migration, program) {
      const { name, user, password } = ownerOf(migration.database);
      return applyScriptMigration(contextOf(name), migration, { ...program, url: url(name, user, password) });
    },
    settle(settlement) {
      return withLedger(forPerson(settlement.database), settlement, (client) => settleRow(client, settlement));
    },
    earlierRows: (database, table) => readEarlierRows(contextOf(database), table),
    adopt: (adoption) => adoptMigrations(forPerson(adoption.database), adoption),
    backUp: (label) => backUpCluster(options, label),
  };
}

function databaseUrl(cluster: ClusterAccess, { name, user, password }: DeclaredDatabase): Secret {
  const [encodedUser, encodedPassword] = [encodeURIComponent(user), encodeURIComponent(password.reveal())];
  const port = cluster.port === 5432 ? "" : `:${cluster.port}`;
  const host = encodeURIComponent(cluster.socketDirectory).replaceAll("%2F", "/");
  return new Secret(
    `postgresql://${encodedUser}:${encodedPassword}@localhost${port}/${encodeURIComponent(name)}?host=${host}`,
  );
}
