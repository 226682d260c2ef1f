import { Client, type ClientConfig } from "pg";
import type { Secret } from "../../core/values/secret.ts";

/** What this folder needs to know of a running cluster. */
export interface ClusterAccess {
  readonly socketDirectory: string;
  readonly port: number;
  /** Settings to reach a database (default `postgres`) as the superuser. */
  readonly connect: (database?: string) => ClientConfig;
}

/** How long a connection may take to be made, in milliseconds. */
const CONNECT_WITHIN_MS = 10_000;

/** Connects, hands the client out, and closes it whatever happens. */
export async function withClient<T>(config: ClientConfig, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    application_name: "mobius/databases",
    ...config,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  });
  client.on("error", () => {}); // the statement that runs rejects with it
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Settings to reach a database as one of its own users. */
export function userConfig(
  cluster: ClusterAccess,
  { database, user, password }: { readonly database: string; readonly user: string; readonly password: Secret },
): ClientConfig {
  return {
    host: cluster.socketDirectory,
    port: cluster.port,
    user,
    password: () => password.reveal(),
    database,
    ssl: false,
  };
}

/** The SQLSTATE that the server gave, undefined when the error is not the server's answer to a statement. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether nothing is known about the statement, because its connection is gone. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|57P0[123])/.test(state);
}

/** What went wrong, in the server's own words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
