import type { Client } from "pg";
import { assert } from "../../core/values/assert.ts";
import type { Secret } from "../../core/values/secret.ts";
import { type ClusterAccess, withClient } from "./cluster-access.ts";

/** One database with the user that owns it. */
export interface DeclaredDatabase {
  readonly name: string;
  readonly user: string;
  readonly password: Secret;
}

/** The advisory lock of provisioning, on the database `postgres`: "databa" as a number. */
const LOCK = 0x646174616261;

/**
 * Makes what is missing and sets every password. A database belongs to the first user that is declared for it; nobody
 * else may connect to it.
 */
export async function provisionDatabases(cluster: ClusterAccess, declared: readonly DeclaredDatabase[]): Promise<void> {
  // A failing statement would be logged with the password in it.
  const config = { ...cluster.connect(), options: "-c log_min_error_statement=panic -c log_statement=none" };
  await withClient(config, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    for (const { user, password } of declared) await provideUser(client, user, password);
    for (const { name, user } of declared) await provideDatabase(client, name, user);
  });
}

async function provideUser(client: Client, user: string, password: Secret): Promise<void> {
  const { rows } = await client.query<{ rolsuper: boolean }>("SELECT rolsuper FROM pg_roles WHERE rolname = $1", [
    user,
  ]);
  assert(rows[0]?.rolsuper !== true, `${user} is a superuser of this cluster, and cannot be a database's user`);
  const role = client.escapeIdentifier(user);
  if (rows.length === 0) await client.query(`CREATE ROLE ${role} LOGIN`);
  await client.query(`ALTER ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password.reveal())}`);
}

async function provideDatabase(client: Client, name: string, user: string): Promise<void> {
  const [database, role] = [client.escapeIdentifier(name), client.escapeIdentifier(user)];
  const { rows } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (rows.length === 0) await client.query(`CREATE DATABASE ${database} OWNER ${role}`);
  await client.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${database} FROM PUBLIC`);
  await client.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${database} TO ${role}`);
}
